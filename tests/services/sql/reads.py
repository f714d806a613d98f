"""What Python does with a database, told line by line: reads.py CONNECTION."""

import sys
import threading
from datetime import datetime, timezone

import psycopg

with psycopg.connect(sys.argv[1]) as connection:
    sql = """SELECT signal, value, effective_at, source_offset, value > 100 FROM observations
        WHERE patient = %s AND value > %s AND effective_at >= %s AND source_offset < %s
        ORDER BY effective_at, signal LIMIT %s"""
    since = datetime(2026, 11, 8, 8, tzinfo=timezone.utc)
    values = ("test/P1", 20.5, since, 1_000_000, 2)
    first = connection.execute(sql, values).fetchall()
    for row in first:
        print("row", row[0], row[1], row[2].astimezone(timezone.utc).isoformat(), row[3], row[4])
    # Prepared on the server after five times; text and binary are the same.
    for round in range(8):
        for binary in (False, True):
            with connection.cursor(binary=binary) as cursor:
                if cursor.execute(sql, values).fetchall() != first:
                    print("round", round, binary, "differs")
    connection.commit()

    with connection.cursor("a cursor") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT value FROM generate_series(1, 2000) WHERE value <= %s", (1000,))
        print("columns", [column.name for column in cursor.description])
        print("sum", sum(row[0] for row in cursor))
    connection.commit()

    timer = threading.Timer(0.5, connection.cancel)
    timer.start()
    try:
        connection.execute(
            "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b")
        print("it was not stopped")
    except psycopg.errors.QueryCanceled as error:
        print("stopped", error.sqlstate)
    timer.join()
    connection.rollback()

    for wrong in ("SELECT nothing FROM patients", "DELETE FROM patients", "COPY patients TO STDOUT"):
        try:
            connection.execute(wrong)
        except psycopg.Error as error:
            print("error", error.sqlstate)
        connection.rollback()
    print("nothing", connection.execute("SELECT NULL, '', 1.5::float8, true, %s::text", ("O'Brien",)).fetchone())
