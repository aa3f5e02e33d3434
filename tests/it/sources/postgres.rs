//! A PostgreSQL server, where `PARALLAX_TEST_POSTGRES` holds its address.

use postgres::{Client, NoTls};

use super::{Row, day, folder, people, rules, same_as_csv};

/// The address of the server; without one the test says that it is left out.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn address(test: &str) -> Option<String> {
    let address = std::env::var("PARALLAX_TEST_POSTGRES").ok();
    if address.is_none() {
        eprintln!("{test} is left out: PARALLAX_TEST_POSTGRES names no server");
    }
    address
}

fn ask(folder: &std::path::Path, query: &str) {
    let from = format!("from postgres env PARALLAX_TEST_POSTGRES query \"{}\"", query.replace('"', "\\\""));
    std::fs::write(folder.join("rules.lens"), rules(&from)).expect("written");
}

fn failure(folder: &std::path::Path) -> super::Said {
    super::failure(folder, &["--allow-network"])
}

fn fill(client: &mut Client, table: &str, rows: &[Row]) {
    client
        .batch_execute(&format!(
            "drop table if exists {table}; create table {table} (place serial, id text, name text, income float8, price numeric(12,2), visits bigint, born date, active boolean, shop text)"
        ))
        .expect("a table");
    let mut transaction = client.transaction().expect("a transaction");
    let add = format!(
        "insert into {table} (id, name, income, price, visits, born, active, shop) values ($1, $2, $3, $4::text::numeric, $5, $6::text::date, $7, $8)"
    );
    let add = transaction.prepare(&add).expect("a statement");
    for row in rows {
        transaction
            .execute(
                &add,
                &[
                    &row.id,
                    &row.name,
                    &row.income,
                    &row.price.map(super::hundredths),
                    &row.visits,
                    &row.born.map(day),
                    &row.active,
                    &row.shop,
                ],
            )
            .expect("a row");
    }
    transaction.commit().expect("written");
}

#[test]
fn a_query_says_what_the_same_rows_say_as_csv() {
    let Some(address) = address("a query of PostgreSQL") else { return };
    let folder = folder("postgres");
    let mut rows = people(9000);
    rows[3].name = Some("tab\tnew line\nback\\slash \\N".to_owned());
    fill(&mut Client::connect(&address, NoTls).expect("a server"), "people", &rows);
    ask(
        &folder,
        "select id, name, income, price, visits, born, active, shop from people order by place; -- all",
    );
    let failed = super::parallax(&folder, &["report", "rules.lens"]);
    assert!(String::from_utf8_lossy(&failed.stderr).contains("PX0613"), "it needs leave");
    ask(
        &folder,
        "select id, name, income, price, visits, born, active, shop from people order by place -- all",
    );
    same_as_csv(&folder, "PARALLAX_TEST_POSTGRES", &rows, &["--allow-network"]);
    ask(&folder, "select id, name, income, price, visits, born, active, shop from people order by place ;");
    same_as_csv(&folder, "PARALLAX_TEST_POSTGRES", &rows, &["--allow-network"]);
}

#[test]
fn a_query_only_reads() {
    let Some(address) = address("what a query may do") else { return };
    let folder = folder("postgres-writes");
    let mut client = Client::connect(&address, NoTls).expect("a server");
    fill(&mut client, "kept", &people(10));
    for query in [
        "delete from kept returning *",
        "insert into kept (id) values ('x') returning *",
        "update kept set id = 'x' returning *",
        "with gone as (delete from kept returning *) select * from gone",
        "drop table kept",
        "select 1; drop table kept",
        "select 1) to program 'touch /tmp/parallax' --",
        "select 1) to stdout; drop table kept; copy (select 1",
        "select nextval('kept_place_seq') as id",
        "copy kept to stdout",
        "commit",
    ] {
        ask(&folder, query);
        let said = failure(&folder);
        assert!(said.contains("PX0614") || said.contains("PX0205"), "{query}: {said}");
        let count: i64 =
            client.query_one("select count(*) from kept where id <> 'x'", &[]).expect("a count").get(0);
        assert_eq!(count, 10, "{query}");
    }
}

/// The columns that each query of a mistake has in common.
const REST: &str = "price, visits, born, active, shop from wrong";

#[test]
fn what_is_wrong_is_said_without_the_address() {
    let Some(address) = address("what a server says") else { return };
    let folder = folder("postgres-wrong");
    fill(&mut Client::connect(&address, NoTls).expect("a server"), "wrong", &people(10));
    for (query, code, part) in [
        ("select nothing from wrong".to_owned(), "PX0614", "column \"nothing\" does not exist"),
        ("select * from nowhere".to_owned(), "PX0614", "relation \"nowhere\" does not exist"),
        ("selekt".to_owned(), "PX0614", "syntax error"),
        (String::new(), "PX0614", "gives no columns"),
        (format!("select id, id, name, income, {REST}"), "PX0205", "several columns `id`"),
        ("select id from wrong".to_owned(), "PX0205", "has no column `name`"),
        (
            format!("select id, name, 'NaN'::float8 as income, {REST}"),
            "PX0602",
            "row 1, column `income`: `NaN`, expected a Number; ",
        ),
        (
            format!("select id, name, '-Infinity'::float4 as income, {REST}"),
            "PX0602",
            "`-Infinity`, expected a Number",
        ),
        (
            format!("select '\\x00ff'::bytea as id, name, income, {REST}"),
            "PX0602",
            "`\\x00ff`, expected a readable value",
        ),
        (format!("select id, name, income / 0 as income, {REST}"), "PX0614", "division by zero"),
        (
            format!("select id, name, timestamptz '2024-05-01 12:30+02' as income, {REST}"),
            "PX0602",
            "`2024-05-01T10:30:00Z`",
        ),
        (
            format!("select id, name, timestamp '2024-05-01' as income, {REST}"),
            "PX0602",
            "`2024-05-01`, expected a Number",
        ),
    ] {
        // In a text of the language a backslash is written twice.
        ask(&folder, &query.replace('\\', "\\\\"));
        let said = failure(&folder);
        assert!(said.contains(code) && said.contains(part), "{query}: {said}");
    }
    ask(
        &folder,
        "select pg_sleep(20)::text as id, '' as name, 1 as income, 1 as price, 1 as visits, null as born, true as active, '' as shop",
    );
    let output = super::parallax(&folder, &["report", "rules.lens", "--allow-network", "--max-time", "1"]);
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_address_that_leads_nowhere_is_not_repeated() {
    let folder = folder("postgres-nowhere");
    ask(&folder, "select 1");
    for address in [
        "postgres://mallory:sesame@127.0.0.1:1/nowhere",
        "postgres://mallory:sesame@127.0.0.1:no/nowhere",
        "host=127.0.0.1 port=1 user=mallory password=sesame sesame",
        "postgres:///nowhere?host=/nowhere/sesame&user=mallory&password=sesame&sslmode=require",
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_parallax"))
            .args(["report", "rules.lens", "--allow-network"])
            .current_dir(&folder)
            .env("PARALLAX_TEST_POSTGRES", address)
            .output()
            .expect("the command runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("PX0604"), "{said}");
        assert!(!said.contains("mallory") && !said.contains("sesame"), "{said}");
    }
}
