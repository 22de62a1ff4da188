//! The log, and its picture.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// What is known after an epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// From 1.
    pub epoch: usize,
    /// Mean training loss over the epoch.
    pub loss: f32,
    /// Share of test drawings that the averaged network knows.
    pub accuracy: f64,
    /// Drawings a second.
    pub rate: f64,
}

const HEADER: &str = "epoch,loss,accuracy,drawings_per_second";

/// Writes both.
pub fn write(log: &Path, picture: &Path, points: &[Point]) -> Result<()> {
    let mut text = format!("{HEADER}\n");
    for Point { epoch, loss, accuracy, rate } in points {
        writeln!(text, "{epoch},{loss:.4},{accuracy:.4},{rate:.0}")?;
    }
    fs::write(log, text).with_context(|| format!("cannot write {}", log.display()))?;
    fs::write(picture, draw(points)).with_context(|| format!("cannot write {}", picture.display()))
}

/// Reads the log of a run that is resumed.
pub fn read(log: &Path) -> Result<Vec<Point>> {
    let text = fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))?;
    text.lines()
        .enumerate()
        .skip(1)
        .map(|(index, line)| {
            let place = || format!("{}, line {}, is not of the form {HEADER}", log.display(), index + 1);
            let fields: Vec<&str> = line.split(',').collect();
            let [epoch, loss, accuracy, rate] = fields[..] else { anyhow::bail!(place()) };
            let point = Point {
                epoch: epoch.parse().with_context(place)?,
                loss: loss.parse().with_context(place)?,
                accuracy: accuracy.parse().with_context(place)?,
                rate: rate.parse().with_context(place)?,
            };
            Ok(point)
        })
        .collect()
}

/// Loss and accuracy over the epochs, as SVG that reads on light and dark paper.
fn draw(points: &[Point]) -> String {
    const FRAME: [f64; 6] = [720.0, 360.0, 52.0, 52.0, 36.0, 40.0];
    let [width, height, left, right, top, bottom] = FRAME;
    let epochs = points.iter().map(|point| point.epoch).max().unwrap_or(1).max(2) as f64;
    let highest = points.iter().fold(1.0f64, |highest, point| highest.max(point.loss.into())).ceil();
    let x = |epoch: f64| left + (epoch - 1.0) / (epochs - 1.0) * (width - left - right);
    let y = |share: f64| height - bottom - share * (height - top - bottom);
    let line = |of: &dyn Fn(&Point) -> f64, colour: &str| {
        let path: Vec<String> =
            points.iter().map(|point| format!("{:.1},{:.1}", x(point.epoch as f64), y(of(point)))).collect();
        format!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\" points=\"{}\"/>\n", path.join(" "))
    };
    let text = |x: f64, y: f64, anchor: &str, colour: &str, text: &str| {
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>\n")
    };
    let [blue, orange, grey] = ["#3b82f6", "#f97316", "#888888"];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n"
    );
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        svg += &format!(
            "<path stroke=\"{grey}\" stroke-opacity=\"0.35\" d=\"M{left} {0:.1}H{1}\"/>\n",
            y(share),
            width - right
        );
        svg += &text(left - 8.0, y(share) + 4.0, "end", orange, &format!("{:.1}", highest * share));
        svg += &text(width - right + 8.0, y(share) + 4.0, "start", blue, &format!("{:.0}%", share * 100.0));
        let epoch = (1.0 + (epochs - 1.0) * share).round();
        svg += &text(x(epoch), height - bottom + 18.0, "middle", grey, &epoch.to_string());
    }
    svg += &text(left, top - 14.0, "start", orange, "training loss");
    svg += &text(width - right, top - 14.0, "end", blue, "top-1 of drawings never trained on");
    svg += &text(width / 2.0, height - 6.0, "middle", grey, "epoch");
    svg += &line(&|point| f64::from(point.loss) / highest, orange);
    svg += &line(&|point| point.accuracy, blue);
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_comes_back() {
        let folder = std::env::temp_dir().join(format!("doodletune-curves-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let points = [
            Point { epoch: 1, loss: 4.5, accuracy: 0.25, rate: 800.0 },
            Point { epoch: 2, loss: 3.25, accuracy: 0.5, rate: 810.0 },
        ];
        write(&folder.join("log.csv"), &folder.join("curves.svg"), &points).unwrap();
        assert_eq!(read(&folder.join("log.csv")).unwrap(), points);
        fs::write(folder.join("log.csv"), format!("{HEADER}\n1,2\n")).unwrap();
        assert!(read(&folder.join("log.csv")).unwrap_err().to_string().contains("line 2"));
        fs::remove_dir_all(folder).unwrap();
    }
}
