"""What spans two tables and no constraint can hold: an undisclosed application stays unknown."""

from ftap.triggers import Trigger

MESSAGE = "Une candidature non détaillée ne peut être liée à un lauréat ni avoir de porteur."
_UNDISCLOSED = "SELECT 1 FROM calls_application WHERE id = NEW.application_id AND is_undisclosed"
_LINKED = "SELECT 1 FROM calls_selection WHERE application_id = NEW.id AND laureate_id IS NOT NULL"
_BORNE = "SELECT 1 FROM calls_bearer WHERE application_id = NEW.id"


def _refuse(name: str, table: str, event: str, condition: str, lock: str = "") -> Trigger:
    """A trigger refusing a new row of `table` for which `condition` (an SQL test on NEW) holds.

    `lock` is a statement for PostgreSQL, run first: it makes concurrent writers wait, where
    SQLite has one writer at a time.
    """
    return Trigger(
        name=name,
        table=table,
        sqlite=(
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END",
        ),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{lock} IF {condition} THEN "
            f"RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation'; "
            f"END IF; RETURN NEW; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} BEFORE {event} ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        ),
    )


_HOLD = "PERFORM 1 FROM calls_application WHERE id = NEW.application_id FOR SHARE;"

TRIGGERS = (
    *(
        _refuse(
            f"calls_selection_undisclosed_{event.lower()}",
            "calls_selection",
            event,
            f"NEW.laureate_id IS NOT NULL AND EXISTS ({_UNDISCLOSED})",
            _HOLD,
        )
        for event in ("INSERT", "UPDATE")
    ),
    *(
        _refuse(
            f"calls_bearer_undisclosed_{event.lower()}",
            "calls_bearer",
            event,
            f"EXISTS ({_UNDISCLOSED})",
            _HOLD,
        )
        for event in ("INSERT", "UPDATE")
    ),
    # On INSERT too: foreign keys are checked at the end of a transaction, so that what points at an
    # application may be written before it.
    *(
        _refuse(
            f"calls_application_undisclosed_{event.lower()}",
            "calls_application",
            event,
            f"NEW.is_undisclosed AND (EXISTS ({_LINKED}) OR EXISTS ({_BORNE}))",
        )
        for event in ("INSERT", "UPDATE")
    ),
)
