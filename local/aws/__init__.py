"""AWS's services on this machine, as far as moto emulates them."""
