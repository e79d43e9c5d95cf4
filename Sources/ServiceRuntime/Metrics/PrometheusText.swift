/// Names, labels and numbers as Prometheus's text exposition format 0.0.4 wants them.
enum PrometheusText {
    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`: every other character becomes an underscore.
    static func name(_ label: String) -> String {
        let text = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_:".contains($0)) ? $0 : "_" })
        return text.first?.isNumber == true ? "_" + text : text
    }

    /// `a="1",b="2"`, sorted by name; empty where there are none.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { (name($0.0).replacing(":", with: "_"), escaped($0.1)) }.sorted { $0.0 < $1.0 }
            .map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",")
    }

    static func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return String(value)
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
