/// A language as translations are told apart by (BCP 47, RFC 5646): `nl`, `nl-BE`, `zh-Hant-TW`.
public struct LanguageTag: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// In the usual case of letters.
    public let description: String

    /// Reads a language, perhaps with a script and a region, in whatever case; nil for anything else, and for a language that
    /// is none.
    public init?(_ text: some StringProtocol) {
        let parts = Self.parts(of: text, at: ["-"])
        guard let tag = Self.read(parts), tag.count == parts.count else { return nil }
        description = tag.joined(separator: "-")
    }

    /// Reads what browsers, telephones and systems say: `nl-NL-u-ca-buddhist`, `nl_BE.UTF-8`. What stands behind the region
    /// is passed over.
    public init?(saidBy text: some StringProtocol) {
        let plain = text.prefix { $0 != "." && $0 != "@" }
        guard let tag = Self.read(Self.parts(of: plain, at: ["-", "_"])) else { return nil }
        description = tag.joined(separator: "-")
    }

    private init(parts: some Collection<Substring>) { description = parts.joined(separator: "-") }

    /// The tag, then what it is a kind of or is read as well as, the nearest first: `zh-Hant-TW`, `zh-TW`, `zh-Hant`.
    ///
    /// Whoever reads traditional Chinese is not given plain `zh`, which is simplified; `nb` and `no` are one language.
    public var fallbacks: [LanguageTag] {
        let parts = description.split(separator: "-")
        let rest = parts.dropFirst()
        let region = rest.first { $0.utf8.count < 4 }
        let script = rest.first { $0.utf8.count == 4 }
        switch parts[0] {
        case "zh": return Self.chinese(script, region)
        case "nb", "no":
            let other: Substring = parts[0] == "nb" ? "no" : "nb"
            return Self.kinds(parts[0], script, region) + Self.kinds(other, script, region)
        default: return Self.kinds(parts[0], script, region)
        }
    }

    private static func kinds(
        _ language: Substring, _ script: Substring?, _ region: Substring?
    ) -> [LanguageTag] {
        var found = [[language, script, region]]
        if region != nil, script != nil { found += [[language, script], [language, region]] }
        if region != nil || script != nil { found.append([language]) }
        return found.map { LanguageTag(parts: $0.compactMap(\.self)) }
    }

    private static func chinese(_ script: Substring?, _ region: Substring?) -> [LanguageTag] {
        let isTraditionalThere = region.map { ["TW", "HK", "MO"].contains($0) } ?? false
        let usual: Substring = isTraditionalThere ? "Hant" : "Hans"
        var found: [[Substring?]] = [["zh", script, region]]
        if region != nil, script == usual { found.append(["zh", region]) }
        if script == nil, isTraditionalThere { found += [["zh", usual, region], ["zh", usual]] }
        if region != nil, script != nil { found.append(["zh", script]) }
        if script != "Hant", region != nil || script != nil { found.append(["zh"]) }
        return found.map { LanguageTag(parts: $0.compactMap(\.self)) }
    }

    public static func < (left: LanguageTag, right: LanguageTag) -> Bool { left.description < right.description }

    private static func parts(of text: some StringProtocol, at separators: Set<Character>) -> [String] {
        let plain = String(text)
        return plain.split(omittingEmptySubsequences: false, whereSeparator: separators.contains).map { String($0) }
    }

    /// The parts that are known, in order, as they are usually written; nil where the first is no language.
    private static func read(_ parts: [String]) -> [String]? {
        guard let said = parts.first?.lowercased() else { return nil }
        let language = former[said] ?? said
        guard languages.contains(language) else { return nil }
        var tag = [language]
        var rest = parts.dropFirst()
        if let script = rest.first, script.utf8.count == 4, script.utf8.allSatisfy(\.isASCIILetter) {
            tag.append(script.prefix(1).uppercased() + script.dropFirst().lowercased())
            rest = rest.dropFirst()
        }
        if let region = rest.first, region.isRegion { tag.append(region.uppercased()) }
        return tag
    }

    /// What some telephones still say.
    private static let former = ["iw": "he", "in": "id", "ji": "yi"]

    /// ISO 639-1, and those without two letters that are much written.
    private static let languages = Set(
        """
        aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo \
        es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg \
        ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn \
        no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta \
        te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu \
        ast ceb ckb dsb fil fur gsw haw hsb kab lij nds sah szl yue
        """.split(separator: " ").map(String.init))
}

extension String {
    fileprivate var isRegion: Bool {
        utf8.count == 2 && utf8.allSatisfy(\.isASCIILetter)
            || utf8.count == 3 && utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}

extension UInt8 {
    fileprivate var isASCIILetter: Bool { (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }
}
