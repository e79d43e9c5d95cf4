/// What some mail programs leave out, and which: as measured by Can I email (https://www.caniemail.com/features/NAME/), as far
/// as it changes what a reader can use. Corners that are not round are none of it.
struct ClientSupport {
    enum Feature: Hashable {
        case property(String)
        case value(String, [String])
        /// Anywhere in a value.
        case function(String)
        case atRule(String)
        case element(String)
    }

    let feature: Feature
    /// As people name it.
    let name: String
    /// Those that leave it out.
    let programs: String
    /// The page that says so.
    let source: String
    let help: String

    private static let site = "https://www.caniemail.com/features/"

    private init(_ feature: Feature, _ name: String, _ programs: String, _ page: String, _ help: String) {
        (self.feature, self.name, self.programs, self.help) = (feature, name, programs, help)
        source = "\(Self.site)\(page)/"
    }

    static let all: [ClientSupport] = [
        ClientSupport(
            .value("display", ["flex", "inline-flex"]), "display:flex", "Outlook on Windows", "css-display-flex",
            "lay out by tables, or let it fall apart into rows"),
        ClientSupport(
            .value("display", ["grid", "inline-grid"]), "display:grid", "Gmail, Outlook and Yahoo", "css-display-grid",
            "lay out by tables"),
        ClientSupport(
            .value("position", ["absolute", "fixed", "sticky"]), "position", "Gmail and Outlook on Windows",
            "css-position",
            "lay out by tables"),
        ClientSupport(
            .property("float"), "float", "Outlook on Windows", "css-float", "align=\"left\" of a table or an image"),
        ClientSupport(
            .function("var("), "var()", "Gmail, Outlook and Yahoo", "css-variables", "write the values out"),
        ClientSupport(
            .function("url("), "an image in the background", "Outlook on Windows", "css-background-image",
            "let the mail read without it, with a background colour beneath"),
        ClientSupport(
            .atRule("import"), "@import", "Gmail, Outlook and Yahoo", "css-at-import", "write the rules into the mail"),
        ClientSupport(.property("transform"), "transform", "Gmail, Outlook and Yahoo", "css-transform", "do without"),
        ClientSupport(
            .property("animation"), "animation", "Gmail, Outlook and Yahoo", "css-animation",
            "let the mail read as it stands at first, or show a GIF"),
        ClientSupport(.element("form"), "<form>", "Outlook", "html-form", "link to a page with the form"),
        ClientSupport(.element("svg"), "<svg>", "Gmail, Outlook and Yahoo", "html-svg", "show a PNG"),
        ClientSupport(.element("video"), "<video>", "Gmail and Outlook", "html-video", "an image that links to it"),
        ClientSupport(.element("audio"), "<audio>", "Gmail and Outlook", "html-audio", "link to it"),
        ClientSupport(
            .element("link"), "<link>", "Gmail, Outlook and Yahoo", "html-link", "write the rules into the mail"),
    ]

    func isUsed(by declaration: StyleDeclaration) -> Bool {
        let value = declaration.value.lowercased()
        return switch feature {
        case .property(let name):
            declaration.property == name && !["none", "initial", "inherit", "unset"].contains(value)
        case .value(let name, let values): declaration.property == name && values.contains(value)
        case .function(let text): value.contains(text) && declaration.property != "src"
        case .atRule, .element: false
        }
    }
}
