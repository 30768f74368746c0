"""Good plans in several languages, and what tests change in them."""

from msgspec import structs

from baton.pipelines.itinerary.plan import Activity, Day, Place, Plan
from baton.pipelines.itinerary.wish import Pace, Wish


def activity(slot: str, name: str, category: str = "sight", cost: float = 5.0) -> Activity:
    """One, with an address of its own."""
    return Activity(time_slot=slot, name=name, category=category, address=f"{name} 1", cost=float(cost))


LISBON = Plan(
    days=(
        Day(
            day=1,
            theme="Tiles and hills",
            activities=(
                activity("09:00-10:30", "Museu Nacional do Azulejo", "museum", 8),
                activity("11:00-12:30", "Miradouro da Senhora do Monte", "sight", 0),
                activity("13:00-14:30", "Cervejaria Ramiro", "food", 40),
                activity("18:00-20:00", "Jardim da Estrela", "nature", 0),
            ),
        ),
        Day(
            day=2,
            theme="By the river",
            activities=(
                activity("09:30-11:30", "Mosteiro dos Jerónimos", "sight", 12),
                activity("12:00-13:30", "Pastéis de Belém", "food", 10),
                activity("14:00-16:00", "MAAT", "museum", 11),
                activity("22:30-01:00", "Musicbox", "nightlife", 12),
            ),
        ),
    )
)
LISBON_WISH = Wish(city="Lisbon", days=2, budget=200, pace=Pace.MODERATE)


def _days(*days: tuple[tuple[str, str], ...]) -> Plan:
    return Plan(
        days=tuple(
            Day(day=number, theme="x", activities=tuple(activity(slot, name) for slot, name in day))
            for number, day in enumerate(days, start=1)
        )
    )


GOOD: dict[str, Plan] = {
    "English": _days(
        (
            ("9:00 AM - 10:30 AM", "The British Museum"),
            ("11 AM - 1 PM", "Borough Market"),
            ("2-4 PM", "The Local"),
            ("6:30-8 PM", "Camden Night Market"),
        )
    ),
    "German": _days(
        (
            ("9-11 Uhr", "Museumsinsel"),
            ("11:30–13:00", "Café Einstein Stammhaus"),
            ("14.00-16.00", "Tiergarten"),
            ("19:00 bis 22:00 Uhr", "Nachtmarkt am Mauerpark"),
        )
    ),
    "French": _days(
        (
            ("9h-10h30", "Musée d'Orsay"),
            ("11h - 12h30", "Marché d'Aligre"),
            ("13h à 14h30", "Bouillon Chartier"),
            ("20h30 - 22h", "Place des Vosges"),
        )
    ),
    "Spanish": _days(
        (
            ("10:00 a 12:00", "Museo del Prado"),
            ("12:30-14:00", "Mercado de San Miguel"),
            ("14:30-16:00", "Restaurante Sobrino de Botín"),
            ("21:00-00:00", "Corral de la Morería"),
        )
    ),
    "Japanese": _days(
        (("09:00~10:30", "浅草寺"), ("11:00~12:30", "東京国立博物館"), ("13:00~14:00", "蕎麦 まつや"))
    ),
    "Chinese": _days(
        (("09:00-11:00", "故宫博物院"), ("12:00-13:30", "四季民福烤鸭店"), ("18:30-21:00", "王府井夜市"))
    ),
    "Russian": _days(
        (("10:00-12:00", "Эрмитаж"), ("12:30-14:00", "Кафе Зингеръ"), ("15:00-17:00", "Летний сад"))
    ),
    "Thai": _days((("08:00-10:00", "วัดโพธิ์"), ("11:00-13:00", "วัดอรุณ"), ("18:00-21:00", "ตลาดกลางคืนหัวมุม"))),
    "Arabic": _days(
        (("09:00-11:00", "المتحف المصري"), ("12:00-14:00", "خان الخليلي"), ("20:00-22:00", "مقهى الفيشاوي"))
    ),
}
"""Plans of one day with which nothing is wrong."""


def planted(place: Place, **changes: object) -> Plan:
    """The plan of Lisbon with one activity changed."""
    return LISBON.with_activities({place: structs.replace(LISBON.at(place), **changes)})
