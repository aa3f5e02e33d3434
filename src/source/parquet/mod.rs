//! Parquet files: row groups side by side, only the columns asked for. Says of each column how it is
//! read (`values`) and walks the pages through the crate's own column readers.

mod values;

use std::io::{BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::errors::{ParquetError, Result as ParquetResult};
use ::parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use bytes::Bytes;

use super::ReadAt;
use super::cells::{CHUNK, CellColumn, Cells, Chunk, Refusal, Style};
use super::kinds::calmly;
use values::Form;

/// Opens a file for reading.
pub(super) fn open(bytes: Box<dyn ReadAt>, style: Style) -> Result<Box<dyn Cells>, Refusal> {
    let bytes: Arc<dyn ReadAt> = bytes.into();
    let reader = calmly(|| SerializedFileReader::new(Source(Arc::clone(&bytes))).map_err(Refusal::broken))?;
    let mut columns: Vec<Column> = Vec::new();
    let schema = reader.metadata().file_metadata().schema_descr();
    for (leaf, descriptor) in schema.columns().iter().enumerate() {
        let path = descriptor.path().parts();
        let lists = descriptor.max_rep_level() > 0;
        let name = if lists { path.first().cloned().unwrap_or_default() } else { path.join(".") };
        // A list of records is one column.
        if lists && columns.last().is_some_and(|last| last.form.is_none() && last.name == name) {
            continue;
        }
        let form = (!lists).then(|| Form::of(descriptor));
        columns.push(Column { name, leaf, full: descriptor.max_def_level(), form });
    }
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let mut rows = Vec::new();
    let mut before = 0_u64;
    for group in reader.metadata().row_groups() {
        rows.push(before);
        let own = u64::try_from(group.num_rows()).map_err(|_| Refusal::broken("it is damaged"))?;
        before = before.saturating_add(own);
    }
    if before >= u64::from(u32::MAX) {
        return Err(Refusal::broken("it has more than four billion rows, or is damaged"));
    }
    Ok(Box::new(Parquet { bytes, reader, names, columns, rows, style }))
}

struct Parquet {
    bytes: Arc<dyn ReadAt>,
    reader: SerializedFileReader<Source>,
    names: Vec<String>,
    columns: Vec<Column>,
    /// Per row group the rows before it.
    rows: Vec<u64>,
    style: Style,
}

/// A column of single values; nested ones are named by their path, as in `money.sum`.
struct Column {
    name: String,
    /// Its place among the leaves of the schema.
    leaf: usize,
    /// The definition level of a value that is there.
    full: i16,
    /// How its values are written; `None` where it holds lists.
    form: Option<Form>,
}

impl Cells for Parquet {
    fn columns(&self) -> &[String] {
        &self.names
    }

    fn parts(&self) -> usize {
        self.rows.len()
    }

    fn read(
        &self,
        parts: Range<usize>,
        columns: &[usize],
        take: &mut dyn FnMut(&Chunk),
    ) -> Result<(), Refusal> {
        parts.into_iter().try_for_each(|group| self.read_group(group, columns, take))
    }

    fn bytes(&self) -> Option<&dyn ReadAt> {
        Some(&*self.bytes)
    }
}

impl Parquet {
    fn read_group(&self, at: usize, columns: &[usize], take: &mut dyn FnMut(&Chunk)) -> Result<(), Refusal> {
        let group = calmly(|| self.reader.get_row_group(at).map_err(Refusal::broken))?;
        let mut left = usize::try_from(group.metadata().num_rows()).unwrap_or_default();
        let mut readers = Vec::with_capacity(columns.len());
        for column in columns {
            let column = &self.columns[*column];
            let Some(form) = &column.form else {
                return Err(Refusal {
                    help: "name a column of single values, or unfold the lists into rows of their own"
                        .to_owned(),
                    ..Refusal::broken(format_args!("its column `{}` holds lists", column.name))
                });
            };
            let reader = calmly(|| group.get_column_reader(column.leaf).map_err(Refusal::broken))?;
            readers.push((Pages::new(reader), column, form));
        }
        let mut chunk = Chunk::new(columns.len(), self.rows[at] + 1);
        while left > 0 {
            let count = left.min(CHUNK);
            for ((pages, column, form), cells) in readers.iter_mut().zip(&mut chunk.columns) {
                let writer = Writer { form, style: &self.style, full: column.full, cells };
                let damage = |reason| Refusal::broken(format_args!("its column `{}`: {reason}", column.name));
                calmly(|| pages.read(count, writer).map_err(damage))?;
            }
            chunk.rows = count;
            chunk.hand_on(take);
            left -= count;
        }
        Ok(())
    }
}

/// Where cells go, and how they are written.
struct Writer<'w> {
    form: &'w Form,
    style: &'w Style,
    full: i16,
    cells: &'w mut CellColumn,
}

/// The pages of a column, with room for what is read of them.
enum Pages {
    Flags(Reading<::parquet::data_type::BoolType>),
    Ints(Reading<::parquet::data_type::Int32Type>),
    Longs(Reading<::parquet::data_type::Int64Type>),
    Moments(Reading<::parquet::data_type::Int96Type>),
    Singles(Reading<::parquet::data_type::FloatType>),
    Doubles(Reading<::parquet::data_type::DoubleType>),
    Bytes(Reading<::parquet::data_type::ByteArrayType>),
    Fixed(Reading<::parquet::data_type::FixedLenByteArrayType>),
}

impl Pages {
    fn new(reader: ColumnReader) -> Self {
        match reader {
            ColumnReader::BoolColumnReader(reader) => Self::Flags(Reading::new(reader)),
            ColumnReader::Int32ColumnReader(reader) => Self::Ints(Reading::new(reader)),
            ColumnReader::Int64ColumnReader(reader) => Self::Longs(Reading::new(reader)),
            ColumnReader::Int96ColumnReader(reader) => Self::Moments(Reading::new(reader)),
            ColumnReader::FloatColumnReader(reader) => Self::Singles(Reading::new(reader)),
            ColumnReader::DoubleColumnReader(reader) => Self::Doubles(Reading::new(reader)),
            ColumnReader::ByteArrayColumnReader(reader) => Self::Bytes(Reading::new(reader)),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => Self::Fixed(Reading::new(reader)),
        }
    }

    fn read(&mut self, count: usize, to: Writer<'_>) -> ParquetResult<()> {
        let (form, style) = (to.form, to.style);
        match self {
            Self::Flags(reading) => reading.read(count, to, |cells, flag| cells.show(flag)),
            Self::Ints(reading) => reading.read(count, to, |cells, number| form.int(style, cells, *number)),
            Self::Longs(reading) => reading.read(count, to, |cells, number| form.long(style, cells, *number)),
            Self::Moments(reading) => {
                reading.read(count, to, |cells, moment| values::moment(style, cells, moment.data()))
            }
            Self::Singles(reading) => reading.read(count, to, |cells, number| style.single(cells, *number)),
            Self::Doubles(reading) => reading.read(count, to, |cells, number| style.float(cells, *number)),
            Self::Bytes(reading) => {
                reading.read(count, to, |cells, bytes| form.bytes(style, cells, bytes.data()))
            }
            Self::Fixed(reading) => {
                reading.read(count, to, |cells, bytes| form.bytes(style, cells, bytes.data()))
            }
        }
    }
}

struct Reading<T: DataType> {
    reader: ColumnReaderImpl<T>,
    values: Vec<T::T>,
    levels: Vec<i16>,
}

impl<T: DataType> Reading<T> {
    fn new(reader: ColumnReaderImpl<T>) -> Self {
        Self { reader, values: Vec::new(), levels: Vec::new() }
    }

    /// Reads so many rows.
    fn read(
        &mut self,
        count: usize,
        to: Writer<'_>,
        mut write: impl FnMut(&mut CellColumn, &T::T),
    ) -> ParquetResult<()> {
        self.values.clear();
        self.levels.clear();
        let mut left = count;
        while left > 0 {
            let (rows, ..) =
                self.reader.read_records(left, Some(&mut self.levels), None, &mut self.values)?;
            if rows == 0 {
                break;
            }
            left = left.saturating_sub(rows);
        }
        let nullable = to.full > 0;
        let found = if nullable { self.levels.len() } else { self.values.len() };
        let there = self.levels.iter().filter(|level| **level == to.full).count();
        if found != count || nullable && there != self.values.len() {
            return Err(ParquetError::General("it has fewer or more values than the file says".to_owned()));
        }
        let mut values = self.values.iter();
        if !nullable {
            values.for_each(|value| write(to.cells, value));
            return Ok(());
        }
        for level in &self.levels {
            match (*level == to.full).then(|| values.next()).flatten() {
                Some(value) => write(to.cells, value),
                None => to.cells.empty(),
            }
        }
        Ok(())
    }
}

/// The bytes as the crate asks for them.
struct Source(Arc<dyn ReadAt>);

impl Length for Source {
    fn len(&self) -> u64 {
        self.0.size()
    }
}

impl ChunkReader for Source {
    type T = BufReader<From>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(BufReader::new(From { bytes: Arc::clone(&self.0), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.size()) {
            return Err(ParquetError::EOF("it ends too early".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.0.read_at(start, &mut bytes).map_err(ParquetError::General)?;
        Ok(bytes.into())
    }
}

/// The bytes from a place on.
struct From {
    bytes: Arc<dyn ReadAt>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let left = self.bytes.size().saturating_sub(self.at);
        let count = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.bytes.read_at(self.at, &mut into[..count]).map_err(std::io::Error::other)?;
        self.at += count as u64;
        Ok(count)
    }
}
