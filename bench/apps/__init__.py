"""The servers ours is compared with, each as lean as its own documentation makes it."""
