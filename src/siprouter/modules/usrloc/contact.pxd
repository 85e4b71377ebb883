cimport cython


# Only str and numbers: such a class is left alone by the garbage collector. The SER flavour adds to it in a subclass.
cdef class Contact:
    cdef readonly str uri
    cdef readonly str call_id
    cdef readonly str user_agent
    cdef readonly str received
    cdef readonly str path
    cdef readonly str socket
    cdef readonly unsigned int expires
    cdef readonly unsigned int last_modified
    cdef readonly unsigned int cseq
    cdef readonly unsigned int flags
    cdef readonly unsigned int cflags
    cdef readonly unsigned int methods
    cdef readonly short q

    cdef void fill(self, str uri, unsigned int expires, short q, str call_id, unsigned int cseq, unsigned int flags,
                   unsigned int cflags, str user_agent, str received, str path, str socket, unsigned int methods,
                   unsigned int last_modified) noexcept
    cpdef bint is_valid(self, double now) except -1
    cpdef tuple to_row(self)


@cython.locals(contact=Contact, index="Py_ssize_t")
cpdef Py_ssize_t find_contact(tuple contacts, str uri, str call_id, str path, int mode) except -2

cpdef int check_order(Contact contact, str call_id, unsigned int cseq, int mode, double now, int cseq_delay) except -1

@cython.locals(index="Py_ssize_t", other=Contact)
cpdef tuple insert_contact(tuple contacts, Contact contact, bint newest_first)

@cython.locals(fits=bint, before=Contact, after=Contact)
cpdef tuple replace_contact(tuple contacts, Py_ssize_t index, Contact contact, bint newest_first)

@cython.locals(contact=Contact, one=Contact)
cpdef tuple valid_contacts(tuple contacts, double now)

@cython.locals(contact=Contact, earliest="unsigned int")
cpdef unsigned int earliest_expiry(tuple contacts) except? 0

cpdef str q_text(int q)
