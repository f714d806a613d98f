//! Rows that never change any more, column by column in as few bits as each needs.

/// A number that a packed column holds.
pub trait Word: Copy {
    /// The number on the line of the column. What stands for "none" goes to an end of the line, where it
    /// costs the others nothing.
    fn word(self) -> i64;
    /// Reads what `word` gave.
    fn of_word(word: i64) -> Self;
}

impl Word for i64 {
    fn word(self) -> i64 {
        self
    }
    fn of_word(word: i64) -> i64 {
        word
    }
}

impl Word for u64 {
    fn word(self) -> i64 {
        self.cast_signed()
    }
    fn of_word(word: i64) -> u64 {
        word.cast_unsigned()
    }
}

impl Word for i32 {
    fn word(self) -> i64 {
        if self == i32::MIN { i64::MIN } else { i64::from(self) }
    }
    fn of_word(word: i64) -> i32 {
        i32::try_from(word).unwrap_or(i32::MIN)
    }
}

macro_rules! unsigned {
    ($($type:ty),*) => {
        $(impl Word for $type {
            fn word(self) -> i64 {
                if self == <$type>::MAX { i64::MAX } else { i64::from(self) }
            }
            fn of_word(word: i64) -> $type {
                <$type>::try_from(word).unwrap_or(<$type>::MAX)
            }
        })*
    };
}
unsigned!(u8, u16, u32);

/// Defines packed rows of some columns of a row.
macro_rules! packed {
    (
        $(#[$about:meta])*
        $name:ident of $row:ident { $($field:ident: $type:ty,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default)]
        pub struct $name {
            $($field: $crate::twin::packed::Packed,)*
        }

        impl $name {
            /// Packs these columns of rows.
            pub fn of(rows: &[$row]) -> $name {
                use $crate::twin::packed_rows::Word;
                $name {
                    $($field: $crate::twin::packed::Packed::of(
                        rows.iter().map(|row| row.$field.word()),
                    ),)*
                }
            }

            /// How many rows there are.
            pub fn n_rows(&self) -> usize {
                [$(self.$field.n_values(),)*].into_iter().min().unwrap_or(0)
            }

            $(
                #[doc = concat!("The `", stringify!($field), "` of the row at `index`.")]
                #[inline]
                pub fn $field(&self, index: usize) -> Option<$type> {
                    use $crate::twin::packed_rows::Word;
                    self.$field.get(index).map(<$type>::of_word)
                }
            )*

            /// Bytes of memory it takes.
            pub fn size_bytes(&self) -> usize {
                [$(self.$field.size_bytes(),)*].into_iter().sum()
            }

            /// Every column, in the order of the fields.
            pub fn columns(&self, each: &mut impl FnMut(&$crate::twin::packed::Packed)) {
                $(each(&self.$field);)*
            }

            /// The rows of columns as `columns` gave them; `None` if they are none.
            pub fn of_columns(
                next: &mut impl FnMut() -> Option<$crate::twin::packed::Packed>,
            ) -> Option<$name> {
                $(let $field = next()?;)*
                let n_values = [$($field.n_values(),)*];
                let is_even = n_values.windows(2).all(|pair| matches!(pair, [a, b] if a == b));
                is_even.then_some($name { $($field,)* })
            }
        }
    };
}
pub(crate) use packed;
