//! Coordinates by number.

use super::super::coordinates::Coordinates;
use rustc_hash::FxHashMap;

/// Coordinates by number: equal ones have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place(u32);

/// All coordinates that occur.
#[derive(Default)]
pub struct Places {
    coordinates: Vec<Coordinates>,
    known: FxHashMap<Coordinates, Place>,
}

impl Places {
    pub fn number(&mut self, at: Coordinates) -> Place {
        if let Some(&known) = self.known.get(&at) {
            return known;
        }
        let place = Place(self.coordinates.len() as u32);
        self.coordinates.push(at.clone());
        self.known.insert(at, place);
        place
    }

    pub fn at(&self, place: Place) -> &Coordinates {
        &self.coordinates[place.0 as usize]
    }
}
