//! From an object file to an artifact: the sections that a running function needs, one after the other, with the distances
//! between them filled in.

use object::{Object, ObjectSection, ObjectSymbol, RelocationKind, RelocationTarget, SectionIndex, SectionKind};

/// Position-independent code with its read-only data, and where in it the entry is.
pub(super) struct Linked {
    pub(super) code: Vec<u8>,
    pub(super) entry: usize,
}

/// Where a section begins in the code.
struct Placed {
    section: SectionIndex,
    start: usize,
}

/// Puts an object's sections together.
pub(super) fn link(bytes: &[u8], entry: &str) -> Result<Linked, String> {
    let file = object::File::parse(bytes).map_err(|error| format!("object file: {error}"))?;
    let mut code = Vec::new();
    let mut placed = Vec::new();
    for section in file.sections().filter(|section| needed(section.kind())) {
        let data = section.data().map_err(|error| format!("section: {error}"))?;
        code.resize(code.len().next_multiple_of(section.align().max(1) as usize), 0);
        placed.push(Placed { section: section.index(), start: code.len() });
        code.extend_from_slice(data);
    }
    let position = |symbol: object::SymbolIndex| {
        let symbol = file.symbol_by_index(symbol).map_err(|error| format!("symbol: {error}"))?;
        let home = symbol.section_index().and_then(|home| placed.iter().find(|placed| placed.section == home));
        let name = || symbol.name().unwrap_or("a symbol").to_owned();
        home.map(|home| home.start + symbol.address() as usize)
            .ok_or_else(|| format!("code needs {} from outside", name()))
    };
    for Placed { section, start } in &placed {
        let section = file.section_by_index(*section).map_err(|error| format!("section: {error}"))?;
        for (offset, relocation) in section.relocations() {
            let RelocationTarget::Symbol(target) = relocation.target() else {
                return Err("a relocation without a symbol".to_owned());
            };
            let relative = matches!(relocation.kind(), RelocationKind::Relative | RelocationKind::PltRelative);
            if !relative || relocation.size() != 32 {
                return Err(format!("a relocation of kind {:?}", relocation.flags()));
            }
            let place = start + offset as usize;
            let distance = position(target)? as i64 + relocation.addend() - place as i64;
            let distance = i32::try_from(distance).map_err(|_| "code of more than 2 GB".to_owned())?;
            code[place..place + 4].copy_from_slice(&distance.to_le_bytes());
        }
    }
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(entry)).ok_or("no entry")?;
    let entry = position(symbol.index())?;
    Ok(Linked { code, entry })
}

fn needed(kind: SectionKind) -> bool {
    matches!(kind, SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString)
}
