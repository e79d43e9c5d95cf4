/// The beginning of a URL in an attribute, as far as it is literal text: up to where its scheme is decided.
///
/// Sections may be there or not, so it stands for all renderings at once and takes the worse of two (RFC 3986, section
/// 3.1; the URL standard for what browsers skip).
struct URLStart: Hashable {
    /// Whether what comes next may still be part of the scheme.
    private(set) var isOpen = true
    /// Whether a merge field stands in the open part.
    private(set) var hasField = false
    /// Whether a literal ":" would make a scheme of a merge field's value.
    private(set) var isBroken = false
    /// Whether the scheme may be another than those of `MergeURL`.
    private(set) var isForbidden = false
    /// How many literal ":" stood in the open part.
    private(set) var colons = 0
    /// What has been read of a character reference that has not ended.
    private(set) var reference: String?
    /// In lower case; nil where renderings differ.
    private var scheme: String? = ""

    mutating func read(_ scalar: Unicode.Scalar) {
        guard isOpen else { return }
        guard let reference else {
            if scalar == "&" { self.reference = "" } else { take(scalar) }
            return
        }
        if reference.utf8.count < 32, Self.goesOn(reference, with: scalar) {
            self.reference?.unicodeScalars.append(scalar)
        } else {
            self.reference = nil
            resolve(reference, isClosed: scalar == ";")
            if scalar != ";" { read(scalar) }
        }
    }

    mutating func readField() { if isOpen { hasField = true } }

    /// Takes in that what lay between `other` and here may be absent.
    mutating func merge(_ other: URLStart) {
        if isOpen, other.isOpen, scheme != other.scheme { scheme = nil }
        if !isOpen, other.isOpen { scheme = other.scheme }
        hasField = isOpen && hasField || other.isOpen && other.hasField
        isOpen = isOpen || other.isOpen
        isForbidden = isForbidden || other.isForbidden
        colons = max(colons, other.colons)
    }

    private mutating func take(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\u{0}"..." ": break
        case ":":
            colons += 1
            if hasField { isBroken = true }
            if scheme.map({ !$0.isEmpty && !MergeURL.schemes.contains($0) }) ?? true { isForbidden = true }
            isOpen = false
        case _ where scalar.isASCIILetter, "0"..."9", "+", "-", ".":
            scheme? += String(Character(scalar)).lowercased()
        default: isOpen = false
        }
    }

    /// A numeric reference ends with its digits, so that what follows may end the attribute.
    private static func goesOn(_ reference: String, with scalar: Unicode.Scalar) -> Bool {
        let character = Character(scalar)
        guard reference.first == "#" else {
            return reference.isEmpty && scalar == "#" || scalar.isASCIILetter || ("0"..."9").contains(scalar)
        }
        if reference == "#", scalar == "x" || scalar == "X" { return true }
        let isHexadecimal = reference.dropFirst().first?.lowercased() == "x"
        return scalar.isASCII && (isHexadecimal ? character.isHexDigit : ("0"..."9").contains(scalar))
    }

    /// Browsers resolve references in attributes first, numeric ones without their semicolon too.
    private mutating func resolve(_ reference: String, isClosed: Bool) {
        guard reference.first == "#" else {
            let named: [String: Unicode.Scalar] = ["colon": ":", "Tab": "\t", "NewLine": "\n"]
            return take(isClosed ? named[reference] ?? "&" : "&")
        }
        let isHexadecimal = reference.dropFirst().first?.lowercased() == "x"
        let rest = reference.dropFirst(isHexadecimal ? 2 : 1)
        let digits = rest.prefix { isHexadecimal ? $0.isHexDigit : $0.isNumber }
        take(UInt32(digits, radix: isHexadecimal ? 16 : 10).flatMap(Unicode.Scalar.init) ?? "&")
        for scalar in rest.dropFirst(digits.count).unicodeScalars { read(scalar) }
    }
}
