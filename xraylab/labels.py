"""What the labels mean: the one list of class names, by label."""

CLASSES = ("normal", "pneumonia")  # label 0, label 1
