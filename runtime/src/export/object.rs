//! Machine code as a relocatable ELF file.

use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SectionKind, SymbolFlags, SymbolKind, SymbolScope};
use rotrace_backends::cranelift::straight::{ALIGNMENT, Piece};

/// A file with the two functions of a piece. Its data stands beside the code, where it is read-only too.
pub(super) fn write(name: &str, piece: &Piece) -> Result<Vec<u8>, String> {
    let mut object = Object::new(BinaryFormat::Elf, Architecture::X86_64, Endianness::Little);
    let text = object.add_section(Vec::new(), b".text".to_vec(), SectionKind::Text);
    object.append_section_data(text, &piece.bytes, ALIGNMENT);
    let functions = [(name.to_owned(), &piece.run), (format!("{name}_workspace_bytes"), &piece.workspace_bytes)];
    for (name, place) in functions {
        object.add_symbol(Symbol {
            name: name.into_bytes(),
            value: place.start as u64,
            size: place.len() as u64,
            kind: SymbolKind::Text,
            scope: SymbolScope::Dynamic,
            weak: false,
            section: SymbolSection::Section(text),
            flags: SymbolFlags::None,
        });
    }
    // Without it linkers take it that the stack must be executable.
    object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
    object.write().map_err(|error| format!("object file: {error}"))
}
