/// A colour as CSS writes it, without transparency.
struct Colour: Hashable, CustomStringConvertible {
    var red: Double
    var green: Double
    var blue: Double

    static let black = Colour(red: 0, green: 0, blue: 0)
    static let white = Colour(red: 255, green: 255, blue: 255)
    /// Of links that say nothing else.
    static let link = Colour(red: 0, green: 0, blue: 238)

    /// What a text says.
    enum Reading: Hashable {
        case colour(Colour)
        case transparent
        /// Something that is not known here.
        case unclear
    }

    static func read(_ text: String, on background: Colour?) -> Reading {
        let text = text.lowercased().trimmingBlanks
        if text == "transparent" { return .transparent }
        if let named = names[String(text)] { return .colour(named) }
        guard let (colour, alpha) = text.hasPrefix("#") ? hexadecimal(text.dropFirst()) : function(text) else {
            return .unclear
        }
        if alpha >= 1 { return .colour(colour) }
        if alpha <= 0 { return .transparent }
        guard let background else { return .unclear }
        func mix(_ a: Double, _ b: Double) -> Double { a * alpha + b * (1 - alpha) }
        return .colour(
            Colour(
                red: mix(colour.red, background.red), green: mix(colour.green, background.green),
                blue: mix(colour.blue, background.blue)))
    }

    /// WCAG 2.2, "contrast ratio": 1 to 21.
    func contrast(with other: Colour) -> Double {
        let (a, b) = (luminance, other.luminance)
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    /// WCAG 2.2, "relative luminance". The powers of 2.4 are taken by a table, since they are the same for each of 256.
    private var luminance: Double {
        0.2126 * Self.linear(red) + 0.7152 * Self.linear(green) + 0.0722 * Self.linear(blue)
    }

    private static func linear(_ value: Double) -> Double { linears[Int(min(255, max(0, value.rounded())))] }

    private static let linears: [Double] = (0...255).map { value in
        let share = Double(value) / 255
        return share <= 0.04045 ? share / 12.92 : power((share + 0.055) / 1.055)
    }

    /// `x` to 2.4, for x in 0...1: the fifth root of its twelfth power, by Newton's method.
    private static func power(_ x: Double) -> Double {
        let square = x * x
        let fourth = square * square
        let twelfth = fourth * fourth * fourth
        var root = 1.0
        for _ in 0..<60 { root = (4 * root + twelfth / (root * root * root * root)) / 5 }
        return root
    }

    private static func hexadecimal(_ digits: Substring) -> (Colour, Double)? {
        guard [3, 4, 6, 8].contains(digits.count), let value = UInt32(digits, radix: 16) else { return nil }
        let size = digits.count > 4 ? 8 : 4
        let count = digits.count > 4 ? digits.count / 2 : digits.count
        let parts = (0..<count).reversed().map { place -> Double in
            let part = value >> UInt32(place * size) & (size == 8 ? 0xFF : 0xF)
            return Double(size == 8 ? part : part * 17)
        }
        return (Colour(red: parts[0], green: parts[1], blue: parts[2]), count == 4 ? parts[3] / 255 : 1)
    }

    private static func function(_ text: Substring) -> (Colour, Double)? {
        guard text.hasPrefix("rgb"), let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return nil }
        let parts = text[text.index(after: open)...].dropLast().split { ", /".contains($0) }.map { part in
            part.hasSuffix("%") ? Double(part.dropLast()).map { $0 * 2.55 } : Double(part)
        }
        guard (3...4).contains(parts.count), let red = parts[0], let green = parts[1], let blue = parts[2] else {
            return nil
        }
        guard parts.count == 4 else { return (Colour(red: red, green: green, blue: blue), 1) }
        guard let alpha = parts[3] else { return nil }
        return (Colour(red: red, green: green, blue: blue), text.hasSuffix("%)") ? alpha / 255 : alpha)
    }

    var description: String {
        "#"
            + [red, green, blue].map { value in
                let digits = String(Int(min(255, max(0, value.rounded()))), radix: 16)
                return digits.count == 1 ? "0" + digits : digits
            }.joined()
    }

    /// Those of CSS level 1, and the greys that templates are fond of.
    private static let names: [String: Colour] = [
        "black": .black, "white": .white, "silver": rgb(0xC0C0C0), "gray": rgb(0x808080), "grey": rgb(0x808080),
        "maroon": rgb(0x800000), "red": rgb(0xFF0000), "purple": rgb(0x800080), "fuchsia": rgb(0xFF00FF),
        "green": rgb(0x008000), "lime": rgb(0x00FF00), "olive": rgb(0x808000), "yellow": rgb(0xFFFF00),
        "navy": rgb(0x000080), "blue": rgb(0x0000FF), "teal": rgb(0x008080), "aqua": rgb(0x00FFFF),
        "orange": rgb(0xFFA500), "whitesmoke": rgb(0xF5F5F5), "lightgray": rgb(0xD3D3D3), "lightgrey": rgb(0xD3D3D3),
        "darkgray": rgb(0xA9A9A9), "darkgrey": rgb(0xA9A9A9), "dimgray": rgb(0x696969), "dimgrey": rgb(0x696969),
    ]

    private static func rgb(_ value: UInt32) -> Colour {
        Colour(red: Double(value >> 16), green: Double(value >> 8 & 255), blue: Double(value & 255))
    }
}
