//! `run --format parquet`, read back.

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::{csv, folder, parallax, people, rules};

/// All cells of a file, as texts, its names first.
fn cells(path: &std::path::Path) -> Vec<Vec<String>> {
    let reader = SerializedFileReader::new(std::fs::File::open(path).expect("a file")).expect("Parquet");
    let schema = reader.metadata().file_metadata().schema_descr();
    let mut out = vec![schema.columns().iter().map(|column| column.name().to_owned()).collect::<Vec<_>>()];
    for row in reader.get_row_iter(None).expect("rows") {
        let row = row.expect("a row");
        out.push(
            row.get_column_iter()
                .map(|(_, field)| match field {
                    parquet::record::Field::Str(text) => text.clone(),
                    parquet::record::Field::Bool(flag) => if *flag { "yes" } else { "no" }.to_owned(),
                    other => unreachable!("{other:?}"),
                })
                .collect(),
        );
    }
    out
}

#[test]
fn rows_as_parquet_are_those_of_csv() {
    let folder = folder("parquet-out");
    // A population some of whom are only perhaps in it.
    let text =
        rules("from \"people.csv\"").replace("among person has any v visits", "among person is active");
    std::fs::write(folder.join("rules.lens"), text).expect("written");
    std::fs::write(folder.join("people.csv"), csv(&people(3000))).expect("written");
    for more in [&[][..], &["--reasons"], &["--only", "differ(rich, kept)"]] {
        let out = ["run", "rules.lens", "--format", "parquet", "--out", "rows.parquet"];
        let output = parallax(&folder, &[&out, more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let plain = parallax(&folder, &[&["run", "rules.lens", "--format", "csv"], more].concat());
        let text = String::from_utf8(plain.stdout).expect("text");
        let mut reader = simd_csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let mut record = simd_csv::ByteRecord::new();
        let mut expected = Vec::new();
        while reader.read_byte_record(&mut record).expect("CSV") {
            expected.push(
                record.iter().map(|cell| String::from_utf8(cell.to_vec()).expect("text")).collect::<Vec<_>>(),
            );
        }
        assert!(expected[0].contains(&"perhaps".to_owned()), "{:?}", expected[0]);
        let found = cells(&folder.join("rows.parquet"));
        assert!(found == expected, "{:?}", found.iter().zip(&expected).find(|(a, b)| a != b));
        // Standard output gets the same bytes, the same each time.
        let piped = parallax(&folder, &[&out[..4], more].concat());
        assert_eq!(piped.stdout, std::fs::read(folder.join("rows.parquet")).expect("read"));
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 3, "nothing is left beside it");
    }
    // Nobody is a file without rows.
    let nobody =
        ["run", "rules.lens", "--format", "parquet", "--out", "rows.parquet", "--only", "conflict(rich)"];
    assert_eq!(parallax(&folder, &nobody).status.code(), Some(0));
    assert_eq!(cells(&folder.join("rows.parquet")).len(), 1);
}
