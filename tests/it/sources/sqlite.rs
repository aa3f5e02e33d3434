//! SQLite databases.

use rusqlite::{Connection, params};

use super::{Row, day, failure, folder, people, rules, same_as_csv};

fn database(path: &std::path::Path, rows: &[Row]) {
    let mut connection = Connection::open(path).expect("a database");
    connection
        .execute_batch(
            "create table people (id text, name text, income real, price numeric, visits integer, born text, active integer, shop text, photo blob)",
        )
        .expect("a table");
    let transaction = connection.transaction().expect("a transaction");
    for row in rows {
        transaction
            .execute(
                "insert into people values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, x'00ff')",
                params![
                    row.id,
                    row.name,
                    row.income,
                    row.price.map(super::hundredths),
                    row.visits,
                    row.born.map(day),
                    row.active,
                    row.shop
                ],
            )
            .expect("a row");
    }
    transaction.commit().expect("written");
}

const QUERY: &str = "select id, name, income, price, visits, born, iif(active, 'true', 'false') as active, shop from people order by rowid";

fn asks(folder: &std::path::Path, query: &str) {
    let from = format!("from sqlite \"crm.db\" query \"{query}\"");
    std::fs::write(folder.join("rules.lens"), rules(&from)).expect("written");
}

#[test]
fn a_query_says_what_the_same_rows_say_as_csv() {
    let folder = folder("sqlite");
    let rows = people(5000);
    database(&folder.join("crm.db"), &rows);
    asks(&folder, QUERY);
    same_as_csv(&folder, "crm.db", &rows, &[]);
    // Another database in its place is asked the same.
    std::fs::create_dir_all(folder.join("elsewhere")).expect("a folder");
    std::fs::rename(folder.join("crm.db"), folder.join("elsewhere/new.sqlite")).expect("moved");
    same_as_csv(&folder, "crm.db", &rows, &["--facts", "crm.db=elsewhere/new.sqlite"]);
    assert_eq!(
        std::fs::read_dir(folder.join("elsewhere")).expect("a folder").count(),
        1,
        "nothing beside it"
    );
}

#[test]
fn a_query_only_reads() {
    let folder = folder("sqlite-writes");
    let path = folder.join("crm.db");
    database(&path, &people(10));
    std::fs::write(folder.join("other.db"), "").expect("written");
    let before = std::fs::read(&path).expect("read");
    for query in [
        "delete from people returning *",
        "insert into people (id) values ('x') returning id",
        "create table t (x)",
        "drop table people",
        "vacuum into 'copy.db'",
        "attach 'other.db' as other",
        "pragma journal_mode = wal",
        "pragma user_version = 3",
        "select load_extension('x')",
        "select 1; delete from people",
        "update people set id = 'x' returning id",
    ] {
        asks(&folder, query);
        let said = failure(&folder, &[]);
        assert!(said.contains("PX0614"), "{query}: {said}");
        assert_eq!(std::fs::read(&path).expect("read"), before, "{query}");
    }
    let left: Vec<_> =
        std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("one").file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn what_is_wrong_with_a_query_or_database_is_said() {
    let folder = folder("sqlite-wrong");
    let path = folder.join("crm.db");
    database(&path, &people(10));
    for (query, code, part) in [
        ("select none_such from people", "PX0614", "no such column: none_such"),
        ("select * from nowhere", "PX0614", "no such table: nowhere"),
        ("selekt", "PX0614", "syntax error"),
        ("", "PX0614", "gives no columns"),
        (
            "select id, id, name, income, price, visits, born, active, shop from people",
            "PX0205",
            "several columns `id`",
        ),
        ("select id from people", "PX0205", "has no column `name`"),
        (
            "select id, name, 'much' as income, price, visits, born, active, shop from people",
            "PX0602",
            "crm.db, row 1, column `income`: `much`, expected a Number; 9 more like it",
        ),
        (
            "select id, name, 9e999 as income, price, visits, born, active, shop from people",
            "PX0602",
            "column `income`: `Infinity`, expected a Number",
        ),
        (
            "select photo as id, name, income, price, visits, born, active, shop from people",
            "PX0602",
            "column `id`: `x'00ff'`, expected a readable value",
        ),
        (
            "select cast(x'61ff62' as text) as id, name, income, price, visits, born, active, shop from people",
            "PX0602",
            "`x'61ff62'`, expected a readable value",
        ),
    ] {
        asks(&folder, query);
        let said = failure(&folder, &[]);
        assert!(said.contains(code) && said.contains(part), "{query}: {said}");
    }
    // A cell of many bytes is a cell.
    asks(
        &folder,
        "select id, printf('%.*c', 3000000, 'x') as name, income, price, visits, born, active, shop from people",
    );
    let output = super::parallax(&folder, &["report", "rules.lens", "--format", "csv"]);
    assert_eq!(output.status.code(), Some(0));
    std::fs::write(&path, "This is no database, whatever its name says.".repeat(100)).expect("written");
    asks(&folder, QUERY);
    let said = failure(&folder, &[]);
    assert!(said.contains("PX0604") && said.contains("no SQLite database"), "{said}");
    std::fs::remove_file(&path).expect("gone");
    assert!(failure(&folder, &[]).contains("there is no such file"));
    asks(&folder, QUERY);
    std::fs::write(folder.join("rules.lens"), rules("from \"crm.db\"")).expect("written");
    std::fs::write(&path, "").expect("written");
    assert!(failure(&folder, &[]).contains("a query makes a table"));
    std::fs::write(folder.join("rules.lens"), rules("from sqlite \"../crm.db\" query \"select 1\""))
        .expect("written");
    assert!(failure(&folder, &[]).contains("PX0605"));
}

#[test]
fn a_query_without_end_is_stopped_in_time() {
    let folder = folder("sqlite-endless");
    database(&folder.join("crm.db"), &people(10));
    asks(&folder, "with recursive t(x) as (select 1 union all select x + 1 from t) select count(*) from t");
    let output = super::parallax(&folder, &["report", "rules.lens", "--max-time", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // The columns are wrong, which is known before the first row; so it names all columns.
    assert_eq!(output.status.code(), Some(3), "{said}");
    asks(
        &folder,
        "with recursive t(x) as (select 1 union all select x + 1 from t) select count(*) as id, 1 as name, 1 as income, 1 as price, 1 as visits, null as born, 'true' as active, null as shop from t",
    );
    let output = super::parallax(&folder, &["report", "rules.lens", "--max-time", "1"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("PX0706"), "{said}");
}

#[test]
fn a_log_beside_the_database_counts() {
    let folder = folder("sqlite-log");
    let path = folder.join("crm.db");
    database(&path, &people(10));
    asks(&folder, QUERY);
    let connection = Connection::open(&path).expect("a database");
    connection.pragma_update(None, "journal_mode", "wal").expect("set");
    connection.execute("delete from people where id <> 'p1'", []).expect("deleted");
    let output = super::parallax(&folder, &["report", "rules.lens"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 subject"), "{output:?}");
}
