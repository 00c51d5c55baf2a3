"""An environment in an AWS account: planned and priced, brought up, compared with what runs, and removed."""
