import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

/** What JDBC tools do with a database, told line by line: Reads URL USER PASSWORD. */
public class Reads {
    public static void main(String[] args) throws Exception {
        try (Connection connection = DriverManager.getConnection(args[0], args[1], args[2])) {
            describe(connection.getMetaData());
            prepare(connection);
            fetch(connection);
            cancel(connection);
            fail(connection);
        }
    }

    static int count(ResultSet rows) throws SQLException {
        int n = 0;
        while (rows.next()) n++;
        return n;
    }

    static void describe(DatabaseMetaData about) throws SQLException {
        System.out.println("product " + about.getDatabaseProductName());
        try (ResultSet tables = about.getTables(null, "twin", "pat%", new String[] {"TABLE"})) {
            while (tables.next()) {
                System.out.println("table " + tables.getString("TABLE_NAME") + ": " + tables.getString("REMARKS"));
            }
        }
        try (ResultSet columns = about.getColumns(null, "twin", "observations", "%")) {
            while (columns.next()) {
                String name = columns.getString("COLUMN_NAME");
                if (!name.matches("patient|value|effective_at|source_offset")) continue;
                System.out.println("column " + columns.getInt("ORDINAL_POSITION") + " " + name + " "
                    + columns.getString("TYPE_NAME") + ": " + columns.getString("REMARKS"));
            }
        }
        System.out.println("schemas " + (2 <= count(about.getSchemas())));
        System.out.println("catalogs " + count(about.getCatalogs()));
        System.out.println("types " + (20 <= count(about.getTypeInfo())));
        System.out.println("keys " + count(about.getPrimaryKeys(null, "twin", "patients"))
            + count(about.getImportedKeys(null, "twin", "patients"))
            + count(about.getExportedKeys(null, "twin", "patients"))
            + count(about.getIndexInfo(null, "twin", "patients", false, true))
            + count(about.getFunctions(null, "twin", "%"))
            + count(about.getTablePrivileges(null, "twin", "nothing")));
    }

    /** Often enough that the driver prepares it on the server and takes values as bytes. */
    static void prepare(Connection connection) throws SQLException {
        String sql = "SELECT signal, value, effective_at, source_offset, value > 100 FROM observations "
            + "WHERE patient = ? AND value > ? AND effective_at >= ? AND source_offset < ? ORDER BY effective_at, signal LIMIT ?";
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            String first = null;
            for (int round = 0; round < 12; round++) {
                statement.setString(1, "test/P1");
                statement.setDouble(2, 20.5);
                Instant since = Instant.parse("2026-11-08T08:00:00Z");
                if (round % 2 == 0) {
                    statement.setTimestamp(3, Timestamp.from(since));
                } else {
                    statement.setObject(3, OffsetDateTime.ofInstant(since, ZoneOffset.ofHours(2)));
                }
                statement.setLong(4, 1_000_000L);
                statement.setInt(5, 2);
                StringBuilder told = new StringBuilder();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        told.append("row ").append(rows.getString(1)).append(' ').append(rows.getDouble(2)).append(' ')
                            .append(rows.getObject(3, OffsetDateTime.class).toInstant()).append(' ')
                            .append(rows.getLong(4)).append(' ').append(rows.getBoolean(5)).append('\n');
                    }
                }
                if (first == null) first = told.toString();
                if (!first.contentEquals(told)) System.out.println("round " + round + " differs:\n" + told);
            }
            System.out.print(first);
        }
    }

    /** A few rows at a time, within a transaction. */
    static void fetch(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(7);
            long sum = 0;
            try (ResultSet rows = statement.executeQuery("SELECT value FROM generate_series(1, 1000)")) {
                while (rows.next()) sum += rows.getLong(1);
            }
            System.out.println("fetched " + sum);
            connection.commit();
        }
        connection.setAutoCommit(true);
    }

    static void cancel(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            Thread other = new Thread(() -> {
                try {
                    Thread.sleep(500);
                    statement.cancel();
                } catch (Exception error) {
                    System.out.println(error);
                }
            });
            other.start();
            try {
                statement.executeQuery(
                    "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b").next();
                System.out.println("it was not stopped");
            } catch (SQLException error) {
                System.out.println("stopped " + error.getSQLState());
            }
            other.join();
        }
    }

    static void fail(Connection connection) throws SQLException {
        for (String sql : new String[] {"SELECT nothing FROM patients", "DELETE FROM patients", "SELECT * FROM nowhere"}) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
                System.out.println("no error: " + sql);
            } catch (SQLException error) {
                System.out.println("error " + error.getSQLState());
            }
        }
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            try {
                statement.execute("SELECT nothing FROM patients");
            } catch (SQLException error) {
                System.out.println("error " + error.getSQLState());
            }
            try {
                statement.execute("SELECT 1");
            } catch (SQLException error) {
                System.out.println("error " + error.getSQLState());
            }
            connection.rollback();
            try (ResultSet rows = statement.executeQuery("SELECT 1")) {
                rows.next();
                System.out.println("after rollback " + rows.getInt(1));
            }
        }
    }
}
