from dues.models.amounts import ApprovedAmount, DuesRequest
from dues.models.entries import Charge, ChargeChange, OpeningBalance, Payment
from dues.models.remittances import Contribution, Publication, Remittance

__all__ = [
    "ApprovedAmount",
    "Charge",
    "ChargeChange",
    "Contribution",
    "DuesRequest",
    "OpeningBalance",
    "Payment",
    "Publication",
    "Remittance",
]
