/// An element that is open, with what its text looks like: by CSS as far as it is written in the mail itself.
struct OpenElement {
    let name: String
    /// Nil: nobody can tell.
    private(set) var text: Colour?
    private(set) var background: Colour?
    private var size: Double
    private var isBold: Bool
    private(set) var isHidden: Bool

    private static let sizes: [String: Double] = ["h1": 2, "h2": 1.5, "h3": 1.17, "small": 0.83]
    private static let bold: Set<String> = ["h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"]

    /// WCAG 2.2: from 18 points on, or 14 where it is bold.
    var isLarge: Bool { size >= 24 || isBold && size >= 18.66 }

    init(
        _ name: String, _ attributes: [String: String], inline: [StyleDeclaration], in parent: OpenElement?,
        by sheet: StyleSheet
    ) {
        self.name = name
        text = parent.map(\.text) ?? .black
        background = parent.map(\.background) ?? .white
        size = (parent?.size ?? 16) * (Self.sizes[name] ?? 1)
        isBold = parent?.isBold == true || Self.bold.contains(name)
        isHidden = parent?.isHidden == true || ["head", "style", "script", "title"].contains(name)
        let inheritedSize = parent?.size ?? 16
        if name == "a", attributes["href"] != nil { text = .link }
        if name == "body", let value = attributes["text"] { paint(value) }
        if name == "font", let value = attributes["color"] { paint(value) }
        if let value = attributes["bgcolor"] { fill(value) }
        if attributes["background"] != nil { background = nil }
        let (plain, important) = Self.applying(sheet, name, attributes, inline)
        for declaration in plain + important { apply(declaration, inheritedSize) }
    }

    /// The declarations that are about an element, the weightiest last. One that may be about it, or not, leaves what it sets
    /// open.
    private static func applying(
        _ sheet: StyleSheet, _ name: String, _ attributes: [String: String], _ inline: [StyleDeclaration]
    ) -> (plain: [StyleDeclaration], important: [StyleDeclaration]) {
        var found: [(weight: Int, declarations: [StyleDeclaration])] = []
        for rule in sheet.rules {
            guard
                let selector = rule.selectors.filter({ $0.mayMean(name, attributes) }).max(by: { $0.weight < $1.weight }
                )
            else { continue }
            found.append(
                (selector.weight, selector.isQualified ? rule.declarations.map(\.unclear) : rule.declarations))
        }
        // Sorting keeps neighbours of the same weight in their order.
        let ordered = found.enumerated().sorted { ($0.element.weight, $0.offset) < ($1.element.weight, $1.offset) }
        let all = ordered.flatMap(\.element.declarations) + inline
        return (all.filter { !$0.isImportant }, all.filter(\.isImportant))
    }

    private mutating func apply(_ declaration: StyleDeclaration, _ inheritedSize: Double) {
        let value = declaration.value.lowercased()
        switch declaration.property {
        case "color": paint(value)
        case "background-color": fill(value)
        case "background", "background-image": fillShorthand(value, isImage: declaration.property == "background-image")
        case "font-size": if let new = Self.length(value, inheritedSize) { size = new }
        case "font": setFont(value, inheritedSize)
        case "font-weight": isBold = ["bold", "bolder", "600", "700", "800", "900"].contains(value)
        case "display", "mso-hide": if value == "none" || value == "all" { isHidden = true }
        case "visibility": if value == "hidden" { isHidden = true }
        case "opacity", "max-height": if Double(value.prefix { $0.isNumber || $0 == "." }) == 0 { isHidden = true }
        default: break
        }
        if size < 1 { isHidden = true }
    }

    private mutating func paint(_ value: String) {
        switch Colour.read(value, on: background) {
        case .colour(let colour): text = colour
        case .transparent: isHidden = true
        case .unclear: if value != "inherit" { text = nil }
        }
    }

    private mutating func fill(_ value: String) {
        switch Colour.read(value, on: background) {
        case .colour(let colour): background = colour
        case .transparent: break
        case .unclear: if value != "inherit" && value != "none" { background = nil }
        }
    }

    /// Of `#fff url(…) no-repeat` the colour stands beneath an image that may be any.
    private mutating func fillShorthand(_ value: String, isImage: Bool) {
        if value == "none" || value == "initial" { return }
        if isImage || value.contains("url(") || value.contains("gradient(") || value == StyleDeclaration.unclear {
            background = nil
            return
        }
        for part in StyleDeclaration.parts(of: value, at: " ") {
            switch Colour.read(String(part), on: background) {
            case .colour(let colour): background = colour
            case .transparent, .unclear: continue
            }
        }
    }

    /// `700 16px/1.5 Georgia,serif`.
    private mutating func setFont(_ value: String, _ inheritedSize: Double) {
        for part in value.split(separator: " ") {
            if ["bold", "600", "700", "800", "900"].contains(part) { isBold = true }
            guard part.first?.isNumber == true, let new = Self.length(String(part.prefix { $0 != "/" }), inheritedSize)
            else { continue }
            size = new
            return
        }
    }

    /// In pixels; nil for what is none.
    private static func length(_ value: String, _ inherited: Double) -> Double? {
        let digits = value.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits) else { return nil }
        return switch value[digits.endIndex...] {
        case "px": number
        case "pt": number * 4 / 3
        case "em": number * inherited
        case "rem": number * 16
        case "%": number * inherited / 100
        case "" where number == 0: 0
        default: nil
        }
    }
}

extension StyleDeclaration {
    static let unclear = "?"

    /// The same property, with a value that nobody can tell.
    fileprivate var unclear: StyleDeclaration {
        switch property {
        case "color", "background", "background-color", "background-image":
            StyleDeclaration(property: property, value: Self.unclear, isImportant: isImportant)
        default: StyleDeclaration(property: "", value: "", isImportant: isImportant)
        }
    }
}
