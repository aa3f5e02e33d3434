//! Workbooks, made here part by part.

use std::path::Path;

use super::{Row, failure, folder, parallax, people, rules, same_as_csv};

/// A file of parts that are stored as they are.
fn pack(parts: &[(&str, String)]) -> Vec<u8> {
    let (mut out, mut list) = (Vec::new(), Vec::new());
    for (name, text) in parts {
        let mut sum = flate2::Crc::new();
        sum.update(text.as_bytes());
        let place = out.len() as u32;
        let mut about = Vec::new();
        for half in [20_u16, 0, 0, 0, 0x21] {
            about.extend_from_slice(&half.to_le_bytes());
        }
        for whole in [sum.sum(), text.len() as u32, text.len() as u32] {
            about.extend_from_slice(&whole.to_le_bytes());
        }
        about.extend_from_slice(&(name.len() as u16).to_le_bytes());
        about.extend_from_slice(&[0, 0]);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&about);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(text.as_bytes());
        list.extend_from_slice(b"PK\x01\x02\x14\x00");
        list.extend_from_slice(&about);
        list.extend_from_slice(&[0; 10]);
        list.extend_from_slice(&place.to_le_bytes());
        list.extend_from_slice(name.as_bytes());
    }
    let (count, place) = (parts.len() as u16, out.len() as u32);
    out.extend_from_slice(&list);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&(list.len() as u32).to_le_bytes());
    out.extend_from_slice(&place.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

/// A workbook of sheets, each with its rows in XML.
fn workbook(sheets: &[(&str, String)]) -> Vec<u8> {
    const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const DOC: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    let each = |form: &dyn Fn(usize, &str) -> String| -> String {
        sheets.iter().enumerate().map(|(at, (name, _))| form(at + 1, name)).collect()
    };
    let types = each(&|at, _| {
        format!(
            "<Override PartName=\"/xl/worksheets/sheet{at}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
        )
    });
    let links = each(&|at, _| {
        format!("<Relationship Id=\"rId{at}\" Type=\"{DOC}/worksheet\" Target=\"worksheets/sheet{at}.xml\"/>")
    });
    let names = each(&|at, name| format!("<sheet name=\"{name}\" sheetId=\"{at}\" r:id=\"rId{at}\"/>"));
    let mut parts = vec![
        (
            "[Content_Types].xml".to_owned(),
            format!(
                "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>{types}</Types>"
            ),
        ),
        (
            "_rels/.rels".to_owned(),
            format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{DOC}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml".to_owned(),
            format!("{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOC}\"><sheets>{names}</sheets></workbook>"),
        ),
        (
            "xl/_rels/workbook.xml.rels".to_owned(),
            format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">{links}<Relationship Id=\"rId99\" Type=\"{DOC}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            // Style 1 shows dates, 2 dates with times, 3 lengths of time.
            "xl/styles.xml".to_owned(),
            format!(
                "{HEAD}<styleSheet xmlns=\"{MAIN}\"><cellXfs count=\"4\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/><xf numFmtId=\"46\"/></cellXfs></styleSheet>"
            ),
        ),
    ];
    for (at, (_, rows)) in sheets.iter().enumerate() {
        let text = format!("{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
        parts.push((format!("xl/worksheets/sheet{}.xml", at + 1), text));
    }
    let parts: Vec<(&str, String)> = parts.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    pack(&parts)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn text(at: &str, cell: &str) -> String {
    format!("<c r=\"{at}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>", escaped(cell))
}

fn number(at: &str, style: u32, number: impl std::fmt::Display) -> String {
    format!("<c r=\"{at}\" s=\"{style}\"><v>{number}</v></c>")
}

const NAMES: [&str; 8] = ["id", "name", "income", "price", "visits", "born", "active", "shop"];

/// The rows from a line on, the names of the columns first.
fn sheet(rows: &[Row], first: usize) -> String {
    let names: String =
        NAMES.iter().zip('B'..).map(|(name, letter)| text(&format!("{letter}{first}"), name)).collect();
    let mut out = format!("<row r=\"{first}\">{names}</row>");
    for (row, line) in rows.iter().zip(first + 1..) {
        let at = |letter: char| format!("{letter}{line}");
        let mut cells = text(&at('B'), &row.id);
        cells.extend(row.name.iter().map(|name| text(&at('C'), name)));
        cells.extend(row.income.iter().map(|income| number(&at('D'), 0, income)));
        cells.extend(row.price.iter().map(|price| number(&at('E'), 0, super::hundredths(*price))));
        cells.push_str(&number(&at('F'), 0, row.visits));
        // Day 25569 is 1970-01-01.
        cells.extend(row.born.iter().map(|born| number(&at('G'), 1, born + 25_569)));
        cells.push_str(&format!("<c r=\"{}\" t=\"b\"><v>{}</v></c>", at('H'), u8::from(row.active)));
        cells.extend(row.shop.iter().map(|shop| text(&at('I'), shop)));
        out.push_str(&format!("<row r=\"{line}\">{cells}</row>"));
    }
    out
}

fn save(folder: &Path, sheets: &[(&str, String)]) {
    std::fs::write(folder.join("people.xlsx"), workbook(sheets)).expect("written");
}

#[test]
fn a_sheet_says_what_the_same_rows_say_as_csv() {
    let folder = folder("xlsx");
    std::fs::write(folder.join("rules.lens"), rules("from \"people.xlsx\"")).expect("written");
    let rows = people(5000);
    // Cells beside and far below the table, under no name, belong to nothing.
    let far = "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>";
    save(&folder, &[("People", sheet(&rows, 3) + far), ("Other", sheet(&rows[..5], 1))]);
    same_as_csv(&folder, "people.xlsx", &rows, &[]);
    let named = rules("from \"people.xlsx\"").replace("  empty is", "  sheet \"Other\"\n  empty is");
    std::fs::write(folder.join("rules.lens"), &named).expect("written");
    same_as_csv(&folder, "people.xlsx", &rows[..5], &[]);
    same_as_csv(&folder, "people.xlsx#Other", &rows[..5], &[]);
    let said = {
        std::fs::write(folder.join("rules.lens"), named.replace("\"Other\"", "\"Othre\"")).expect("written");
        failure(&folder, &[])
    };
    assert!(said.contains("has no sheet `Othre`") && said.contains("did you mean `Other`?"), "{said}");
}

/// What single cells say.
#[test]
fn cells_are_what_the_workbook_shows() {
    let folder = folder("xlsx-cells");
    let rules = "language 1\nkind Thing\nkind Cell\nrelation Thing says Cell\nquestion Thing with Cell is there | away\n  among thing says cell\nlens a {\n  row: there when thing says cell\n  otherwise away\n}\nfrom \"people.xlsx\" {\n  no header\n  row says c3\n}\n";
    std::fs::write(folder.join("rules.lens"), rules).expect("written");
    let cells = [
        (number("C1", 0, "0.30000000000000004"), "0.3"),
        (number("C1", 0, "1234567890123456"), "1234567890123456"),
        (number("C1", 0, "1E-7"), "1e-7"),
        (number("C1", 0, "-2.50"), "-2.5"),
        (number("C1", 1, "45000"), "2023-03-15"),
        (number("C1", 2, "45000.75"), "2023-03-15T18:00:00"),
        (number("C1", 2, "0.5"), "12:00:00"),
        (number("C1", 3, "1.5"), "36:00:00"),
        (number("C1", 1, "59"), "1900-02-28"),
        ("<c r=\"C1\" t=\"b\"><v>0</v></c>".to_owned(), "false"),
        ("<c r=\"C1\" t=\"str\"><f>A1</f><v>made</v></c>".to_owned(), "made"),
        ("<c r=\"C1\" t=\"d\"><v>2024-02-29</v></c>".to_owned(), "2024-02-29"),
        (text("C1", " Ä \u{1F600}"), "Ä \u{1F600}"),
    ];
    for (cell, shown) in cells {
        save(&folder, &[("People", format!("<row r=\"1\">{cell}</row>"))]);
        let output = parallax(&folder, &["run", "rules.lens", "--format", "jsonl"]);
        let line = String::from_utf8_lossy(&output.stdout).into_owned();
        let found: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        assert_eq!(found["cell"], shown, "{cell}: {}", String::from_utf8_lossy(&output.stderr));
    }
    for (cell, part) in [
        (
            "<c r=\"C1\" t=\"e\"><v>#REF!</v></c>".to_owned(),
            "row 1, column `c3`: `#REF!`, expected a readable value",
        ),
        ("<c r=\"C1\" t=\"e\"><v>#DIV/0!</v></c>".to_owned(), "`#DIV/0!`"),
        // The day that never was.
        (number("C1", 1, "60"), "`day 60 of the workbook`"),
        (number("C1", 1, "-5"), "`day -5 of the workbook`"),
    ] {
        save(&folder, &[("People", format!("<row r=\"1\">{cell}</row>"))]);
        let said = failure(&folder, &[]);
        assert!(said.contains("PX0602") && said.contains(part), "{cell}: {said}");
    }
}

#[test]
fn what_is_wrong_with_a_workbook_is_said() {
    let folder = folder("xlsx-wrong");
    std::fs::write(folder.join("rules.lens"), rules("from \"people.xlsx\"")).expect("written");
    let path = folder.join("people.xlsx");
    let rows = people(20);
    let good = workbook(&[("People", sheet(&rows, 1))]);
    for bytes in [&b""[..], b"id,name\n", &good[..good.len() / 2], &good[..good.len() - 1], &good[100..]] {
        std::fs::write(&path, bytes).expect("written");
        let said = failure(&folder, &[]);
        assert!(said.contains("PX0604") && said.contains("cannot be read"), "{said}");
    }
    save(&folder, &[("People", String::new())]);
    let said = failure(&folder, &[]);
    assert!(said.contains("PX0604") && said.contains("`people.xlsx` is empty"), "{said}");
    save(&folder, &[("People", sheet(&rows, 1).replace(">visits<", ">vists<"))]);
    let said = failure(&folder, &[]);
    assert!(said.contains("PX0205") && said.contains("did you mean `vists`?"), "{said}");
    save(&folder, &[("People", sheet(&rows, 1).replace(">visits<", ">income<"))]);
    let said = failure(&folder, &[]);
    assert!(said.contains("several columns `income`"), "{said}");
    // A row after an empty one keeps the number it has in the sheet.
    let lines = sheet(&rows, 1).replace("<row r=\"21\">", "<row r=\"31\">").replace("21\"", "31\"");
    save(
        &folder,
        &[("People", lines.replace("<c r=\"F31\" s=\"0\"><v>", "<c r=\"F31\" s=\"0\" t=\"str\"><v>x"))],
    );
    let said = failure(&folder, &[]);
    assert!(said.contains("people.xlsx, row 31, column `visits`: `x"), "{said}");
    let turned = sheet(&rows, 1).replace("<row r=\"5\">", "<row r=\"3\">").replace("5\"", "3\"");
    save(&folder, &[("People", turned)]);
    let said = failure(&folder, &[]);
    assert!(said.contains("row 3 stands after a later one"), "{said}");
}

/// A workbook damaged anywhere is an error or says what it says, and never ends in a crash.
#[test]
fn a_damaged_workbook_is_an_error() {
    use parallax::session::{Options, Session, TableInput, TableSource};
    let files = parallax::memory("rules/main.lens", rules("from \"people.xlsx\""));
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let good = workbook(&[("People", sheet(&people(3), 1))]);
    let mut failures = 0;
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x15 << (at % 3);
        let tables = vec![TableInput { name: "people.xlsx".to_owned(), source: TableSource::Bytes(bytes) }];
        failures +=
            usize::from(session.evaluate(ruleset, &Options { tables, ..Options::default() }).is_err());
    }
    assert!(failures > good.len() / 4, "{failures} of {}", good.len());
}
