/// The line that mail programs show beside the subject.
public enum Preheader {
    /// Mail programs fill the line up with what the mail begins with; these take that place and are not seen.
    private static let padding = String(repeating: "&#847;&zwnj;&nbsp;", count: 90)

    /// Puts a hidden line at the beginning of the body.
    ///
    /// - Parameter text: escaped for HTML.
    public static func put(_ text: String, into html: String) -> String {
        let line =
            "<div style=\"display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all\">\(text)\(padding)</div>"
        guard let place = placeInBody(of: html) else { return line + html }
        return String(html[..<place]) + line + String(html[place...])
    }

    /// Behind `<body …>`.
    private static func placeInBody(of html: String) -> String.Index? {
        let bytes = html.utf8
        var rest = bytes[...]
        while let start = rest.firstIndex(of: UInt8(ascii: "<")) {
            rest = rest[start...].dropFirst()
            let name = rest.prefix(4).map { $0 | 0x20 }
            guard name.elementsEqual("body".utf8) else { continue }
            return rest.firstIndex(of: UInt8(ascii: ">")).map { bytes.index(after: $0) }
        }
        return nil
    }
}
