"""What operates the containers: start, replace, examine. Nothing here runs inside them."""
