//! Columns that only grow: the open end belongs to the writer, full chunks are shared with readers.
//!
//! ```text
//! push ─► open (Vec per column, < 1,024 rows) ──full──► chunk (Arrow buffer per column) ─► Arc
//! ```
//! A chunk is frozen without copying. A view shares every chunk and copies the open rows only.

/// Rows of a chunk: large enough to hide the cost of a chunk, small enough to copy in microseconds.
pub const CHUNK_ROWS: usize = 1_024;

/// Defines a table: its row, its chunk of Arrow buffers, and the table that owns the open end.
macro_rules! table {
    (
        $(#[$about:meta])*
        $table:ident, $chunk:ident, $row:ident {
            $($(#[$field_about:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $row {
            $($(#[$field_about])* pub $field: $type,)*
        }

        #[doc = concat!("Up to 1,024 rows of `", stringify!($table), "` in Arrow buffers.")]
        #[derive(Clone, Debug)]
        pub struct $chunk {
            $($(#[$field_about])* pub $field: arrow::buffer::ScalarBuffer<$type>,)*
        }

        impl $chunk {
            /// How many rows it holds.
            pub fn n_rows(&self) -> usize {
                [$(self.$field.len(),)*].into_iter().min().unwrap_or(0)
            }

            /// The chunk of these rows, of any number.
            pub fn from_rows(rows: impl Iterator<Item = $row> + Clone) -> $chunk {
                $chunk { $($field: rows.clone().map(|row| row.$field).collect::<Vec<_>>().into(),)* }
            }

            /// Gives the bytes of every column, little-endian, in the order of the fields.
            pub fn columns(&self, mut each: impl FnMut(&[u8])) {
                $(each(self.$field.inner().as_slice());)*
            }

            /// The chunk of columns as [`Self::columns`] gave them: `next` gives so many bytes of each.
            pub fn of_columns(
                n_rows: usize,
                mut next: impl FnMut(usize) -> Option<arrow::buffer::Buffer>,
            ) -> Option<$chunk> {
                $(let $field = next(n_rows.checked_mul(size_of::<$type>())?)?;)*
                let has_all = [$($field.len() == n_rows * size_of::<$type>(),)*];
                has_all.iter().all(|has| *has).then(|| $chunk {
                    $($field: arrow::buffer::ScalarBuffer::new($field, 0, n_rows),)*
                })
            }

            /// The row at `index`.
            #[inline]
            pub fn row(&self, index: usize) -> Option<$row> {
                Some($row { $($field: *self.$field.get(index)?,)* })
            }
        }

        #[doc = concat!("A growing table of `", stringify!($row), "`.")]
        #[derive(Debug, Default)]
        pub struct $table {
            frozen: Vec<std::sync::Arc<$chunk>>,
            n_open: usize,
            $($field: Vec<$type>,)*
        }

        impl $table {
            /// The table of chunks as a view gave them: all but the last are full.
            pub fn of_chunks(chunks: Vec<std::sync::Arc<$chunk>>) -> $table {
                let mut table = $table::default();
                for chunk in chunks {
                    if chunk.n_rows() == $crate::twin::table::CHUNK_ROWS && table.n_open == 0 {
                        table.frozen.push(chunk);
                        continue;
                    }
                    for row in (0..chunk.n_rows()).filter_map(|index| chunk.row(index)) {
                        table.push(row);
                    }
                }
                table
            }

            /// Appends a row and gives its number.
            pub fn push(&mut self, row: $row) -> u32 {
                let number = self.n_rows();
                if self.n_open == 0 {
                    $(self.$field.reserve_exact($crate::twin::table::CHUNK_ROWS);)*
                }
                $(self.$field.push(row.$field);)*
                self.n_open += 1;
                if self.n_open == $crate::twin::table::CHUNK_ROWS {
                    let chunk = $chunk { $($field: std::mem::take(&mut self.$field).into(),)* };
                    self.frozen.push(std::sync::Arc::new(chunk));
                    self.n_open = 0;
                }
                u32::try_from(number).expect("a table is sealed long before 2^32 rows")
            }

            /// How many rows it holds.
            #[inline]
            pub fn n_rows(&self) -> usize {
                self.frozen.len() * $crate::twin::table::CHUNK_ROWS + self.n_open
            }

            /// The row of this number.
            #[inline]
            pub fn row(&self, number: u32) -> $row {
                let (chunk, index) = $crate::twin::table::place(number);
                match self.frozen.get(chunk) {
                    Some(chunk) => chunk.row(index),
                    None => self.open_row(index),
                }
                .expect("a row number comes from push")
            }

            fn open_row(&self, index: usize) -> Option<$row> {
                Some($row { $($field: *self.$field.get(index)?,)* })
            }

            $(
                #[doc = concat!("The `", stringify!($field), "` of a row.")]
                #[inline]
                pub fn $field(&self, number: u32) -> $type {
                    let (chunk, index) = $crate::twin::table::place(number);
                    let column = self.frozen.get(chunk).map_or(self.$field.as_slice(), |c| &c.$field);
                    column.get(index).copied().expect("a row number comes from push")
                }
            )*

            /// Everything so far, for readers: chunks are shared, open rows are copied.
            pub fn view(&self) -> Vec<std::sync::Arc<$chunk>> {
                let mut chunks = self.frozen.clone();
                if self.n_rows() % $crate::twin::table::CHUNK_ROWS != 0 {
                    let open = $chunk { $($field: self.$field.clone().into(),)* };
                    chunks.push(std::sync::Arc::new(open));
                }
                chunks
            }
        }
    };
}
pub(crate) use table;

/// The chunk of a row, and its place in it.
#[inline]
pub fn place(number: u32) -> (usize, usize) {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    (number / CHUNK_ROWS, number % CHUNK_ROWS)
}

#[cfg(test)]
#[expect(dead_code, clippy::as_conversions, reason = "a table has more than a small test asks")]
mod tests {
    table! {
        /// A test row.
        Numbers, NumbersChunk, NumberRow {
            /// One.
            one: i64,
            /// Two.
            two: u16,
        }
    }

    #[test]
    fn a_view_does_not_move_when_the_table_grows() {
        let mut table = Numbers::default();
        for one in 0..2_500 {
            assert_eq!(table.push(NumberRow { one, two: 7 }), one as u32);
        }
        let view = table.view();
        table.push(NumberRow { one: -1, two: 8 });
        let sizes: Vec<usize> = view.iter().map(|chunk| chunk.n_rows()).collect();
        assert_eq!(sizes, [1_024, 1_024, 452]);
        assert_eq!(view[2].row(451).unwrap().one, 2_499);
        assert_eq!((table.row(2_500).two, table.one(1_023)), (8, 1_023));
    }

    #[test]
    fn chunks_are_shared_with_views() {
        let mut table = Numbers::default();
        (0..1_024).for_each(|one| _ = table.push(NumberRow { one, two: 0 }));
        assert!(std::sync::Arc::ptr_eq(&table.view()[0], &table.view()[0]));
    }
}
