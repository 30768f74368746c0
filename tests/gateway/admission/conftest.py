from tests.gateway.admission.windows_twins import fresh

__all__ = ["fresh"]
