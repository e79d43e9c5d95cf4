import Model
import Store

extension Funnel.Lift {
    /// `hold-out: 2 of 40 converted (5.0 %), of the others 90 of 760 (11.8 %): 6.8 points more, ± 7.1`.
    var words: String {
        let others = others.rate.map { "\(self.others.told) (\($0.percent))" } ?? "nobody entered"
        let heldOut = "hold-out: \(heldOut.told) converted (\((heldOut.rate ?? 0).percent))"
        guard let difference, let margin else { return "\(heldOut), and of the others \(others)" }
        let points = (difference.magnitude * 100).tenths
        return "\(heldOut), of the others \(others): \(points) points \(difference < 0 ? "less" : "more"), "
            + "± \((margin * 100).tenths)"
    }

    var json: JSON {
        .object([
            "held_out": heldOut.json, "others": others.json,
            "difference": difference.map { .double($0) } ?? .null, "margin": margin.map { .double($0) } ?? .null,
        ])
    }
}

extension Funnel.Lift.Group {
    fileprivate var told: String { "\(converted.grouped) of \(entered.grouped)" }

    fileprivate var json: JSON {
        .object(["entered": .int(entered), "converted": .int(converted), "rate": rate.map { .double($0) } ?? .null])
    }
}

extension Double {
    /// With one decimal.
    fileprivate var tenths: String {
        let (whole, rest) = Int64((self * 10).rounded()).quotientAndRemainder(dividingBy: 10)
        return "\(whole).\(rest.magnitude)"
    }

    fileprivate var percent: String { "\((self * 100).tenths) %" }
}
