//! A second opinion: rqrr finds symbols another way than rxing, by regions instead of edges. Only its finder is used;
//! what it finds is decoded like everything else.
//!
//! rqrr has no bounds of its own. An unlucky estimate sends it on a walk of 10¹¹ steps, and each guess at a symbol
//! copies the picture. Every step of it looks at the picture, though, so the picture counts the looks and ends the
//! search when there were too many.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;

use image::{GenericImage, GenericImageView, GrayImage, Pixel};
use rqrr::{BitGrid, Grid, PreparedImage};
use rxing::common::BitMatrix;

use crate::decoder::decode;
use crate::finder::Findings;
use crate::guard::catch_panic;
use crate::plane::Plane;
use crate::symbol::{Point, Symbol};

/// Looks at the picture that a search may take, for each of its pixels. A photo of one symbol takes about 20.
const LOOKS_PER_PIXEL: u64 = 200;
/// What a copy of the picture counts as: one look for so many pixels.
const PIXELS_COPIED_PER_LOOK: u64 = 16;

/// Finds and reads symbols; gives up without any when the search takes too long.
pub(crate) fn find(plane: &Plane) -> Findings {
    find_within(LOOKS_PER_PIXEL, plane)
}

fn find_within(looks_per_pixel: u64, plane: &Plane) -> Findings {
    let symbols = catch_panic(|| {
        let Some(picture) = Rationed::of(plane, looks_per_pixel) else {
            return Vec::new();
        };
        let mut prepared = PreparedImage::prepare(picture);
        let grids = prepared.detect_grids();
        grids.iter().filter_map(|grid| catch_panic(|| read(grid)).flatten()).collect()
    });
    Findings { symbols: symbols.unwrap_or_default(), ..Findings::default() }.scaled(plane.scale())
}

fn read(grid: &Grid<impl BitGrid>) -> Option<Symbol> {
    let size = grid.grid.size();
    let mut modules = BitMatrix::with_single_dimension(size as u32).ok()?;
    for y in 0..size {
        for x in 0..size {
            modules.set_bool(x as u32, y as u32, grid.grid.bit(y, x));
        }
    }
    let decoded = decode(&modules)?;
    let [top_left, top_right, bottom_right, bottom_left] = grid.bounds;
    // rqrr's bounds reach one module beyond the right and lower edge.
    let inner = size as f32 / (size as f32 + 1.0);
    let corner = |far: rqrr::Point| Point {
        x: top_left.x as f32 + (far.x - top_left.x) as f32 * inner,
        y: top_left.y as f32 + (far.y - top_left.y) as f32 * inner,
    };
    let mut corners =
        [corner(top_left), corner(top_right), corner(bottom_right), corner(bottom_left)];
    if decoded.mirrored {
        corners.swap(1, 3);
    }
    Some(Symbol { content: decoded.content, corners })
}

/// A picture that may be looked at so many times, its copies included.
struct Rationed {
    picture: GrayImage,
    looks_left: Rc<Cell<u64>>,
}

/// What ends a search that took too long. Thrown past the panic hook, since nothing is wrong.
struct TooManyLooks;

impl Rationed {
    fn of(plane: &Plane, looks_per_pixel: u64) -> Option<Self> {
        let (width, height) = (plane.width() as u32, plane.height() as u32);
        let picture = GrayImage::from_raw(width, height, plane.pixels().to_vec())?;
        Some(Self {
            picture,
            looks_left: Rc::new(Cell::new(plane.area() as u64 * looks_per_pixel)),
        })
    }

    fn spend(&self, looks: u64) {
        match self.looks_left.get().checked_sub(looks) {
            Some(left) => self.looks_left.set(left),
            None => resume_unwind(Box::new(TooManyLooks)),
        }
    }
}

impl Clone for Rationed {
    fn clone(&self) -> Self {
        self.spend(self.picture.len() as u64 / PIXELS_COPIED_PER_LOOK + 1);
        Self { picture: self.picture.clone(), looks_left: Rc::clone(&self.looks_left) }
    }
}

impl GenericImageView for Rationed {
    type Pixel = image::Luma<u8>;

    fn dimensions(&self) -> (u32, u32) {
        self.spend(1);
        self.picture.dimensions()
    }

    fn get_pixel(&self, x: u32, y: u32) -> Self::Pixel {
        self.spend(1);
        *self.picture.get_pixel(x, y)
    }
}

impl GenericImage for Rationed {
    // The trait asks for these two; rqrr needs neither.
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Self::Pixel {
        self.spend(1);
        self.picture.get_pixel_mut(x, y)
    }

    fn put_pixel(&mut self, x: u32, y: u32, pixel: Self::Pixel) {
        self.spend(1);
        self.picture.put_pixel(x, y, pixel);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, pixel: Self::Pixel) {
        self.spend(1);
        self.picture.get_pixel_mut(x, y).blend(&pixel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Luma;
    use crate::symbol::Content;

    /// A symbol of 4 pixels a module, 20 pixels from the edges.
    fn plane(text: &str) -> (Plane<'static>, f32) {
        let code = qrcode::QrCode::new(text).unwrap();
        let side = code.width() * 4;
        let whole = side + 40;
        let mut pixels = vec![255; whole * whole];
        for y in 0..side {
            for x in 0..side {
                if code[(x / 4, y / 4)] == qrcode::Color::Dark {
                    pixels[(y + 20) * whole + x + 20] = 0;
                }
            }
        }
        let frame = Luma::new(&pixels, whole as u32, whole as u32, whole as u32).unwrap();
        (Plane::of(&frame).shrunk(1).unwrap(), side as f32)
    }

    #[test]
    fn the_second_finder_tells_content_and_corners_like_the_first() {
        let (plane, side) = plane("A SECOND OPINION IS WORTH HAVING AT TIMES");
        let symbols = find(&plane).symbols;
        assert_eq!(symbols.len(), 1);
        assert_eq!(
            symbols[0].content,
            Content::Text("A SECOND OPINION IS WORTH HAVING AT TIMES".into())
        );
        for (corner, (x, y)) in
            symbols[0].corners.iter().zip([(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)])
        {
            assert!(
                (corner.x - 20.0 - x).hypot(corner.y - 20.0 - y) < 4.0,
                "{:?}",
                symbols[0].corners
            );
        }
    }

    #[test]
    fn a_search_that_takes_too_long_ends_with_nothing() {
        let (plane, _) = plane("PATIENCE IS A VIRTUE");
        assert!(find_within(1, &plane).symbols.is_empty());
    }
}
