NAME = "of the layer"
