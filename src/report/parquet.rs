//! Rows as Parquet: texts, and a flag for `perhaps`, in groups of rows that bound the memory.

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::Arc;

use ::parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{WriterProperties, WriterVersion};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::Type;

/// Rows written together.
const GROUP: usize = 1 << 17;

/// Writes rows of cells under these names; the column at `flags` holds `yes` or `no`.
pub(super) fn write<'a>(
    names: &[String],
    flags: Option<usize>,
    rows: impl Iterator<Item = Vec<Cow<'a, str>>>,
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    encode(names, flags, rows, &mut *out).map_err(plain)?;
    out.flush()
}

/// What went wrong; what the writer said as it said it.
fn plain(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(cause) => *cause,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}

fn encode<'a>(
    names: &[String],
    flags: Option<usize>,
    rows: impl Iterator<Item = Vec<Cow<'a, str>>>,
    out: &mut (dyn Write + Send),
) -> Result<(), ParquetError> {
    let fields = names.iter().enumerate().map(|(at, name)| field(name, flags == Some(at)));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let schema = Arc::new(Type::group_type_builder("rows").with_fields(fields).build()?);
    // Nothing in it changes with the version of the crate that writes it.
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("parallax".to_owned())
        .set_compression(Compression::SNAPPY)
        .build();
    let mut writer = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
    let mut rows = rows.peekable();
    while rows.peek().is_some() {
        let mut columns: Vec<Vec<ByteArray>> = names.iter().map(|_| Vec::new()).collect();
        for row in rows.by_ref().take(GROUP) {
            columns
                .iter_mut()
                .zip(row)
                .for_each(|(column, cell)| column.push(cell.into_owned().into_bytes().into()));
        }
        let mut group = writer.next_row_group()?;
        for (at, values) in columns.iter().enumerate() {
            let Some(mut column) = group.next_column()? else { break };
            if flags == Some(at) {
                let values: Vec<bool> = values.iter().map(|value| value.data() == b"yes").collect();
                column.typed::<BoolType>().write_batch(&values, None, None)?;
            } else {
                column.typed::<ByteArrayType>().write_batch(values, None, None)?;
            }
            column.close()?;
        }
        group.close()?;
    }
    writer.close().map(drop)
}

fn field(name: &str, flag: bool) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) =
        if flag { (Physical::BOOLEAN, None) } else { (Physical::BYTE_ARRAY, Some(LogicalType::String)) };
    let builder = Type::primitive_type_builder(name, physical);
    Ok(Arc::new(builder.with_repetition(Repetition::REQUIRED).with_logical_type(logical).build()?))
}
