//! Parquet files, of every type a column can have.

use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::{Row, failure, folder, parallax, people, rules, same_as_csv};

type Group<'g> = SerializedRowGroupWriter<'g, Vec<u8>>;

/// Writes a file of row groups, each by a call.
fn write(schema: &str, properties: WriterProperties, groups: &[&dyn Fn(&mut Group<'_>)]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).expect("a writer");
    for fill in groups {
        let mut group = writer.next_row_group().expect("a group");
        fill(&mut group);
        group.close().expect("closed");
    }
    writer.into_inner().expect("written")
}

/// Writes the next column of cells that may be missing.
fn column<T: DataType>(group: &mut Group<'_>, cells: &[Option<T::T>]) {
    let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let mut column = group.next_column().expect("a column").expect("one more");
    column.typed::<T>().write_batch(&values, Some(&levels), None).expect("written");
    column.close().expect("closed");
}

/// Writes the next column of cells none of which is missing.
fn full<T: DataType>(group: &mut Group<'_>, values: &[T::T]) {
    let mut column = group.next_column().expect("a column").expect("one more");
    column.typed::<T>().write_batch(values, None, None).expect("written");
    column.close().expect("closed");
}

fn text(text: &str) -> ByteArray {
    text.as_bytes().to_vec().into()
}

const PEOPLE: &str = "message people {
  REQUIRED BYTE_ARRAY id (UTF8); OPTIONAL BYTE_ARRAY name (UTF8); OPTIONAL DOUBLE income;
  OPTIONAL INT64 price (DECIMAL(12,2)); REQUIRED INT64 visits; OPTIONAL INT32 born (DATE);
  REQUIRED BOOLEAN active; OPTIONAL BYTE_ARRAY shop (UTF8); OPTIONAL BYTE_ARRAY unused;
}";

fn people_group(rows: &[Row], group: &mut Group<'_>) {
    let texts = |cell: &dyn Fn(&Row) -> Option<String>| -> Vec<Option<ByteArray>> {
        rows.iter().map(|row| cell(row).map(|cell| text(&cell))).collect()
    };
    full::<ByteArrayType>(group, &rows.iter().map(|row| text(&row.id)).collect::<Vec<_>>());
    column::<ByteArrayType>(group, &texts(&|row| row.name.clone()));
    column::<DoubleType>(group, &rows.iter().map(|row| row.income).collect::<Vec<_>>());
    column::<Int64Type>(group, &rows.iter().map(|row| row.price).collect::<Vec<_>>());
    full::<Int64Type>(group, &rows.iter().map(|row| row.visits).collect::<Vec<_>>());
    column::<Int32Type>(group, &rows.iter().map(|row| row.born).collect::<Vec<_>>());
    full::<BoolType>(group, &rows.iter().map(|row| row.active).collect::<Vec<_>>());
    column::<ByteArrayType>(group, &texts(&|row| row.shop.clone()));
    column::<ByteArrayType>(group, &texts(&|_| None));
}

fn people_file(rows: &[Row], size: usize, properties: WriterProperties) -> Vec<u8> {
    let fills: Vec<_> =
        rows.chunks(size).map(|rows| move |group: &mut Group<'_>| people_group(rows, group)).collect();
    let groups: Vec<&dyn Fn(&mut Group<'_>)> =
        fills.iter().map(|fill| fill as &dyn Fn(&mut Group<'_>)).collect();
    write(PEOPLE, properties, &groups)
}

#[test]
fn a_file_says_what_the_same_rows_say_as_csv() {
    let folder = folder("parquet");
    std::fs::write(folder.join("rules.lens"), rules("from \"people.parquet\"")).expect("written");
    let rows = people(9000);
    let plain = || WriterProperties::builder();
    let forms = [
        ("as it comes", 9000, plain().build()),
        ("no dictionary", 500, plain().set_dictionary_enabled(false).build()),
        ("small pages", 4001, plain().set_data_page_row_count_limit(100).set_write_batch_size(100).build()),
        ("snappy", 700, plain().set_compression(Compression::SNAPPY).build()),
        ("zstd", 700, plain().set_compression(Compression::ZSTD(ZstdLevel::default())).build()),
        (
            "gzip",
            700,
            plain().set_compression(Compression::GZIP(parquet::basic::GzipLevel::default())).build(),
        ),
        ("lz4", 1500, plain().set_compression(Compression::LZ4_RAW).build()),
        (
            "second version",
            700,
            plain()
                .set_writer_version(parquet::file::properties::WriterVersion::PARQUET_2_0)
                .set_column_encoding("visits".into(), Encoding::DELTA_BINARY_PACKED)
                .set_dictionary_enabled(false)
                .build(),
        ),
    ];
    for (name, size, properties) in forms {
        let rows = if matches!(name, "as it comes" | "small pages") { &rows[..] } else { &rows[..1500] };
        std::fs::write(folder.join("people.parquet"), people_file(rows, size, properties)).expect("written");
        same_as_csv(&folder, "people.parquet", rows, &[]);
    }
    // In memory from standard input, packed once more, under another name.
    let bytes = people_file(&rows[..50], 20, WriterProperties::builder().build());
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &bytes).expect("packed");
    std::fs::write(folder.join("new.parquet.gz"), packed.finish().expect("packed")).expect("written");
    same_as_csv(&folder, "people.parquet", &rows[..50], &["--facts", "people.parquet=new.parquet.gz"]);
}

/// One column of each type and what its cells say.
#[test]
fn each_type_is_written_exactly() {
    let schema = "message all {
      REQUIRED BYTE_ARRAY id (UTF8);
      OPTIONAL INT32 i8 (INTEGER(8,true)); OPTIONAL INT32 u8 (INTEGER(8,false)); OPTIONAL INT32 u32 (INTEGER(32,false));
      OPTIONAL INT64 u64 (INTEGER(64,false)); OPTIONAL INT64 i64; OPTIONAL FLOAT f32; OPTIONAL DOUBLE f64;
      OPTIONAL INT32 d32 (DECIMAL(9,3)); OPTIONAL FIXED_LEN_BYTE_ARRAY (16) d128 (DECIMAL(38,10));
      OPTIONAL BYTE_ARRAY dbig (DECIMAL(60,2)); OPTIONAL INT64 ms (TIMESTAMP(MILLIS,true));
      OPTIONAL INT64 us (TIMESTAMP(MICROS,false)); OPTIONAL INT64 ns (TIMESTAMP(NANOS,false)); OPTIONAL INT96 old;
      OPTIONAL INT32 time (TIME(MILLIS,false)); OPTIONAL FIXED_LEN_BYTE_ARRAY (2) f16 (FLOAT16);
      OPTIONAL FIXED_LEN_BYTE_ARRAY (16) uuid (UUID); OPTIONAL BYTE_ARRAY bare; OPTIONAL BYTE_ARRAY json (JSON);
      OPTIONAL GROUP money { OPTIONAL INT32 sum; }
    }";
    let day = 86_400_000_000_000_i64;
    let mut old = Int96::new();
    old.set_data(((day / 2) & 0xffff_ffff) as u32, ((day / 2) >> 32) as u32, 2_440_588 + 19_000);
    let fixed = |bytes: &[u8]| FixedLenByteArray::from(bytes.to_vec());
    let fill = |group: &mut Group<'_>| {
        full::<ByteArrayType>(group, &[text("a"), text("b")]);
        column::<Int32Type>(group, &[Some(-128), None]);
        column::<Int32Type>(group, &[Some(255), None]);
        column::<Int32Type>(group, &[Some(-1), None]);
        column::<Int64Type>(group, &[Some(-1), None]);
        column::<Int64Type>(group, &[Some(i64::MIN), None]);
        column::<FloatType>(group, &[Some(0.1), Some(-0.0)]);
        column::<DoubleType>(group, &[Some(0.1 + 0.2), Some(1e300)]);
        column::<Int32Type>(group, &[Some(-5), Some(123_456)]);
        column::<FixedLenByteArrayType>(
            group,
            &[Some(fixed(&(-12_345_678_901_234_567_890_i128).to_be_bytes())), None],
        );
        column::<ByteArrayType>(group, &[Some(vec![0xff, 0x38].into()), Some(vec![0x7f; 20].into())]);
        column::<Int64Type>(group, &[Some(86_400_000), Some(86_400_001)]);
        column::<Int64Type>(group, &[Some(-1), None]);
        column::<Int64Type>(group, &[Some(19_000 * day + 120), None]);
        column::<Int96Type>(group, &[Some(old), None]);
        column::<Int32Type>(group, &[Some(3_661_500), None]);
        column::<FixedLenByteArrayType>(group, &[Some(fixed(&[0x00, 0x3e])), None]);
        column::<FixedLenByteArrayType>(group, &[Some(fixed(&[0xab; 16])), None]);
        column::<ByteArrayType>(group, &[Some(text("é")), None]);
        column::<ByteArrayType>(group, &[Some(text("{\"a\":1}")), None]);
        // Nested: the record is there without its sum, then with it.
        let mut sum = group.next_column().expect("a column").expect("one more");
        sum.typed::<Int32Type>().write_batch(&[7], Some(&[1, 2]), None).expect("written");
        sum.close().expect("closed");
    };
    let bytes = write(schema, WriterProperties::builder().build(), &[&fill]);
    let expected = [
        ("i8", "-128", ""),
        ("u8", "255", ""),
        ("u32", "4294967295", ""),
        ("u64", "18446744073709551615", ""),
        ("i64", "-9223372036854775808", ""),
        ("f32", "0.1", "0"),
        ("f64", "0.30000000000000004", "1e300"),
        ("d32", "-0.005", "123.456"),
        ("d128", "-1234567890.1234567890", ""),
        ("dbig", "-2.00", "7278851291804889043602665637449723274364840508.15"),
        ("ms", "1970-01-02", "1970-01-02T00:00:00.001Z"),
        ("us", "1969-12-31T23:59:59.999999", ""),
        ("ns", "2022-01-08T00:00:00.00000012", ""),
        ("old", "2022-01-08T12:00:00", ""),
        ("time", "01:01:01.5", ""),
        ("f16", "1.5", ""),
        ("uuid", "abababab-abab-abab-abab-abababababab", ""),
        ("bare", "é", ""),
        ("json", "{\"a\":1}", ""),
        ("`money.sum`", "", "7"),
    ];
    let folder = folder("parquet-types");
    std::fs::write(folder.join("all.parquet"), bytes).expect("written");
    for (name, first, second) in expected {
        let rules = format!(
            "language 1\nkind Thing\nkind Cell\nrelation Thing says Cell\nrelation Thing is here\nquestion Thing with Cell is there | away\n  among thing says cell\nlens a {{\n  row: there when thing says cell\n  otherwise away\n}}\nfrom \"all.parquet\" {{\n  id says {name}\n  id is here\n}}\n"
        );
        std::fs::write(folder.join("rules.lens"), rules).expect("written");
        let output = parallax(&folder, &["run", "rules.lens", "--format", "jsonl"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let found: Vec<String> = String::from_utf8(output.stdout)
            .expect("text")
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["cell"].to_string())
            .collect();
        let expected: Vec<String> = [first, second]
            .iter()
            .filter(|cell| !cell.is_empty())
            .map(|cell| serde_json::json!(cell).to_string())
            .collect();
        assert_eq!(found, expected, "{name}: {said}");
    }
}

/// Typed dates and numbers are written as the block says, so that one block reads a table in any form.
#[test]
fn a_block_for_other_forms_of_dates_and_numbers_reads_typed_ones() {
    let folder = folder("parquet-style");
    let text = rules("from \"people.parquet\"")
        .replace("empty is \"NA\"", "empty is \"NA\"\n  date is \"DD.MM.YYYY\"\n  decimal comma");
    std::fs::write(folder.join("rules.lens"), text).expect("written");
    let rows = people(500);
    std::fs::write(
        folder.join("people.parquet"),
        people_file(&rows, 100, WriterProperties::builder().build()),
    )
    .expect("written");
    let own = super::answers(&folder, &[]);
    std::fs::write(folder.join("rules.lens"), rules("from \"people.parquet\"")).expect("written");
    assert_eq!(
        own.lines().filter(|line| !line.contains("ruleset_digest")).collect::<Vec<_>>(),
        super::answers(&folder, &[])
            .lines()
            .filter(|line| !line.contains("ruleset_digest"))
            .collect::<Vec<_>>()
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = folder("parquet-wrong");
    std::fs::write(folder.join("rules.lens"), rules("from \"people.parquet\"")).expect("written");
    let path = folder.join("people.parquet");
    let good = people_file(&people(3000), 1000, WriterProperties::builder().build());
    let said = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("written");
        failure(&folder, &[])
    };
    for (bytes, part) in [
        (&b""[..], "PX0604"),
        (b"id,name\n1,2\n", "PX0604"),
        (&good[..good.len() / 2], "PX0604"),
        (&good[..good.len() - 1], "PX0604"),
        (&good[1000..], "PX0604"),
    ] {
        let said = said(bytes);
        assert!(said.contains(part) && said.contains("cannot be read"), "{said}");
    }
    let schema = |fields: &str| PEOPLE.replace("OPTIONAL DOUBLE income;", fields);
    let mut rows = people(10);
    rows.iter_mut().for_each(|row| row.income = Some(f64::NAN));
    let text = said(&people_file(&rows, 4, WriterProperties::builder().build()));
    assert!(
        text.contains("people.parquet, row 1, column `income`: `NaN`, expected a Number; 9 more"),
        "{text}"
    );
    rows.iter_mut().for_each(|row| row.income = Some(f64::NEG_INFINITY));
    let text = said(&people_file(&rows, 4, WriterProperties::builder().build()));
    assert!(text.contains("`-Infinity`, expected a Number"), "{text}");
    rows.iter_mut().for_each(|row| row.income = None);
    // A column is missing, is there twice, holds lists, holds texts, holds no text.
    let fill = |income: &dyn Fn(&mut Group<'_>), group: &mut Group<'_>| {
        full::<ByteArrayType>(group, &[text_of("x"), text_of("y")]);
        column::<ByteArrayType>(group, &[None, None]);
        income(group);
        column::<Int64Type>(group, &[None, None]);
        full::<Int64Type>(group, &[1, 2]);
        column::<Int32Type>(group, &[None, Some(i32::MAX)]);
        full::<BoolType>(group, &[true, false]);
        column::<ByteArrayType>(group, &[None, None]);
        column::<ByteArrayType>(group, &[None, None]);
    };
    let file = |fields: &str, income: &dyn Fn(&mut Group<'_>)| {
        write(
            &schema(fields),
            WriterProperties::builder().build(),
            &[&|group: &mut Group<'_>| fill(income, group)],
        )
    };
    let text = said(&file("", &|_| {}));
    assert!(text.contains("PX0205") && text.contains("has no column `income`"), "{text}");
    let text = said(&file("OPTIONAL DOUBLE income; OPTIONAL DOUBLE income;", &|group| {
        column::<DoubleType>(group, &[None, None]);
        column::<DoubleType>(group, &[None, None]);
    }));
    assert!(text.contains("PX0205") && text.contains("several columns `income`"), "{text}");
    let text = said(&file("REPEATED DOUBLE income;", &|group| {
        let mut lists = group.next_column().expect("a column").expect("one more");
        lists
            .typed::<DoubleType>()
            .write_batch(&[1.0, 2.0, 3.0], Some(&[1, 1, 1]), Some(&[0, 1, 0]))
            .expect("written");
        lists.close().expect("closed");
    }));
    assert!(text.contains("PX0604") && text.contains("its column `income` holds lists"), "{text}");
    let text = said(&file("OPTIONAL BYTE_ARRAY income (UTF8);", &|group| {
        column::<ByteArrayType>(group, &[Some(text_of(" much")), Some(text_of("5"))]);
    }));
    assert!(text.contains("row 1, column `income`: `much`, expected a Number"), "{text}");
    // The day is beyond the calendar.
    assert!(text.contains("row 2, column `born`: `day 2147483647 since 1970`"), "{text}");
    let text = said(&file("OPTIONAL BYTE_ARRAY income;", &|group| {
        column::<ByteArrayType>(group, &[Some(vec![0xff, 0x00].into()), Some(vec![b'a', 0].into())]);
    }));
    assert!(text.contains("`x'ff00'`, expected a readable value; 2 more like it"), "{text}");
    // The first part that is read has no rows at all.
    let none = write(PEOPLE, WriterProperties::builder().build(), &[]);
    std::fs::write(&path, none).expect("written");
    assert_eq!(parallax(&folder, &["report", "rules.lens"]).status.code(), Some(0));
}

fn text_of(cell: &str) -> ByteArray {
    text(cell)
}

#[test]
fn bad_rows_are_left_out_or_unknown_as_the_block_says() {
    let folder = folder("parquet-bad");
    let mut rows = people(6000);
    for at in [5, 4500] {
        rows[at].income = Some(f64::NAN);
    }
    std::fs::write(
        folder.join("people.parquet"),
        people_file(&rows, 2000, WriterProperties::builder().build()),
    )
    .expect("written");
    for choice in ["skip", "unknown"] {
        let text = rules("from \"people.parquet\"")
            .replace("empty is", &format!("on bad rows {choice}\n  empty is"));
        std::fs::write(folder.join("rules.lens"), text).expect("written");
        same_as_csv(&folder, "people.parquet", &rows, &[]);
        let output = parallax(&folder, &["report", "rules.lens"]);
        let said = super::Said(String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(said.contains("row 6, column `income`: `NaN`, expected a Number; 1"), "{said}");
    }
}

/// A file damaged anywhere is an error or says what it says, and never ends in a crash.
#[test]
fn a_damaged_file_is_an_error() {
    use parallax::session::{Options, Session, TableInput, TableSource};
    let files = parallax::memory("rules/main.lens", rules("from \"people.parquet\""));
    let session = Session::open(&files, Path::new("rules")).expect("the folder is there");
    let ruleset = session.ruleset().expect("it is sound");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let good = people_file(&people(40), 20, properties);
    let mut failures = 0;
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x15 << (at % 3);
        let tables =
            vec![TableInput { name: "people.parquet".to_owned(), source: TableSource::Bytes(bytes) }];
        failures +=
            usize::from(session.evaluate(ruleset, &Options { tables, ..Options::default() }).is_err());
    }
    assert!(failures > good.len() / 4, "{failures} of {}", good.len());
}
