cpdef bytes parse_ip(str text)
cpdef str format_ip(bytes packed)
cpdef str normalize_ip(str text)
cpdef bint same_ip(str one, str other) except -1
