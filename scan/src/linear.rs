//! Systems of linear equations, as least squares make them.

/// Solves `N` equations given as rows of `N` coefficients and `M - N` right sides, by elimination; the solutions stand
/// where the right sides stood. `None` if there is more than one solution.
pub(crate) fn solved<const N: usize, const M: usize>(
    mut rows: [[f64; M]; N],
) -> Option<[[f64; M]; N]> {
    for pivot in 0..N {
        let largest =
            (pivot..N).max_by(|&a, &b| rows[a][pivot].abs().total_cmp(&rows[b][pivot].abs()))?;
        rows.swap(pivot, largest);
        let scale = rows[pivot][pivot];
        if scale.abs() < 1e-12 {
            return None;
        }
        rows[pivot] = rows[pivot].map(|value| value / scale);
        let upper = rows[pivot];
        for (_, row) in rows.iter_mut().enumerate().filter(|(index, _)| *index != pivot) {
            let factor = row[pivot];
            for (value, above) in row.iter_mut().zip(upper) {
                *value -= factor * above;
            }
        }
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_side_gets_its_solution() {
        // x + 2y = 5, 3x + 4y = 11; and twice that.
        let rows = solved([[1.0, 2.0, 5.0, 10.0], [3.0, 4.0, 11.0, 22.0]]).unwrap();
        let near = |found: f64, wanted: f64| (found - wanted).abs() < 1e-9;
        assert!(near(rows[0][2], 1.0) && near(rows[1][2], 2.0));
        assert!(near(rows[0][3], 2.0) && near(rows[1][3], 4.0));
    }

    #[test]
    fn equations_that_say_the_same_have_no_single_solution() {
        assert!(solved([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]).is_none());
    }
}
