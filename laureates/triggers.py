"""What no constraint can hold: a version that was frozen never changes.

Its content and its files are written once. A row may be written again as it is: loading the same
data twice changes nothing. Files go with their version, when it is unscheduled.
"""

from ftap.triggers import Trigger

FROZEN = "Une version figée ne se modifie pas\u00a0: préparez la suivante."


def _frozen(table: str, columns: tuple[str, ...], once: str = "") -> Trigger:
    """A trigger refusing to change `columns` of a row of `table`; `once` is a test on OLD."""
    name = f"{table}_frozen"
    condition, where = (
        " OR ".join(f"NEW.{column} {differs} OLD.{column}" for column in columns)
        for differs in ("IS NOT", "IS DISTINCT FROM")
    )
    if once:
        condition, where = f"{once} AND ({condition})", f"{once} AND ({where})"
    return Trigger(
        name=name,
        table=table,
        sqlite=(
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} WHEN {condition} "
            f"BEGIN SELECT RAISE(ABORT, '{FROZEN}'); END",
        ),
        postgresql=(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{FROZEN}' USING ERRCODE = 'check_violation'; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} "
            f"FOR EACH ROW WHEN ({where}) EXECUTE FUNCTION {name}()",
        ),
    )


TRIGGERS = (
    _frozen(
        "laureates_releasefile",
        (
            "release_id",
            "position",
            "name",
            "label",
            "format",
            "media_type",
            "public_id",
            "size",
            "sha256",
            "content",
        ),
    ),
    _frozen(
        "laureates_release",
        ("announcement_id", "number", "kind", "content", "content_sha256"),
        once="OLD.content <> ''",
    ),
)
