/// Finds what somebody may have meant by a name that stands for nothing.
enum NearMiss {
    private static let listLimit = 20

    /// `topics are a, b; did you mean "a"?`
    static func help(for name: String, among known: [String], called plural: String) -> String {
        guard !known.isEmpty else { return "there are no \(plural)" }
        let list = "\(plural) are " + known.prefix(listLimit).joined(separator: ", ")
        let suggestion = nearest(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
        return list + (known.count > listLimit ? ", …" : "") + suggestion
    }

    static func nearest(to name: String, among known: [String]) -> String? {
        let limit = max(1, min(3, name.count / 3))
        let best = known.map { (distance($0.lowercased(), name.lowercased()), $0) }.min { $0.0 < $1.0 }
        return best.flatMap { $0.0 <= limit ? $0.1 : nil }
    }

    /// Edits between the first 64 characters; two neighbours swapped are one edit (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.prefix(64)), Array(right.prefix(64)))
        var rows = [Array(0...right.count)]
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var edits = min(rows[i][j] + (left[i] == right[j] ? 0 : 1), min(rows[i][j + 1], row[j]) + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    edits = min(edits, rows[i - 1][j - 1] + 1)
                }
                row.append(edits)
            }
            rows.append(row)
        }
        return rows[left.count][right.count]
    }
}
