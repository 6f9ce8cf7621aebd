"""What is asked: the published test, the template's routes, a journey to copy, shapes."""
