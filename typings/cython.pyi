# What the sources use of Cython's pure Python mode, for the type checkers.
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from Cython.Shadow import Py_ssize_t as Py_ssize_t
from Cython.Shadow import ccall as ccall
from Cython.Shadow import cclass as cclass
from Cython.Shadow import cfunc as cfunc
from Cython.Shadow import compiled as compiled
from Cython.Shadow import inline as inline
from Cython.Shadow import int as int
from Cython.Shadow import uchar as uchar

_F = TypeVar("_F", bound=Callable[..., Any])

def exceptval(__val: Any = ..., *, check: bool = ...) -> Callable[[_F], _F]: ...

bint: TypeAlias = bool
