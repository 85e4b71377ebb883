"""The instance of app_python3."""

from siprouter.modules.app_python.state import AppPython


class AppPython3(AppPython):
    """app_python by another name."""

    name = "app_python3"
