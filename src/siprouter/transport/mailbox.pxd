# No C types: compiled as it is.
