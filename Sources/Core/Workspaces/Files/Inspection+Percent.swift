import Model

extension Inspection {
    /// A share in per cent with up to two decimals, such as `5%` or `2.5%`: in hundredths of a per cent, from 1 to `most`.
    func percent(_ node: YAMLNode, _ what: String, of whole: String = "the contacts", most: UInt64) -> UInt64? {
        let text = node.text ?? ""
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isNumber = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }
        if text.hasSuffix("%"), isNumber, parts.count <= 2, parts[0].utf8.count <= 3, let per = UInt64(parts[0]) {
            let decimals = parts.count == 2 ? parts[1] : ""
            let zeros = String(repeating: "0", count: max(0, 2 - decimals.utf8.count))
            if decimals.utf8.count <= 2, let rest = UInt64(decimals + zeros),
                case let share = per * 100 + rest, (1...most).contains(share)
            {
                return share
            }
        }
        report(
            .invalid, "\(what) must be per cent of \(whole), from 0.01% to \(most / 100)%", at: node.place,
            help: "such as 5%, or 2.5%")
        return nil
    }
}
