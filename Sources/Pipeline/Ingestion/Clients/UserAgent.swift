/// What a `User-Agent` says of a device, by rules of our own: few, and in the order in which one name hides another.
///
/// Browsers name their forebears: Edge says Chrome, Chrome says Safari. What no rule knows stays unknown. Since 2021
/// browsers freeze parts of it: Windows 11 says 10, macOS says 10.15.7, an Android says 10.
struct UserAgent: Hashable {
    enum Device: String {
        case desktop
        case mobile
        case tablet
        case tv
    }

    struct Named: Hashable {
        var name: String
        /// Digits and dots; nil where none are told.
        var version: String?
    }

    var device: Device?
    var system: Named?
    var browser: Named?

    /// - Parameter text: of which the first 512 bytes count.
    init(_ text: String) {
        let text = Bytes(text)
        system = Self.system(text)
        browser = Self.browser(text)
        device = Self.device(text, system?.name)
    }

    // MARK: The system

    private static let windows = [
        "10.0": "10", "6.3": "8.1", "6.2": "8", "6.1": "7", "6.0": "Vista", "5.2": "XP", "5.1": "XP",
    ]

    private static func system(_ text: Bytes) -> Named? {
        if text.has("Windows Phone") {
            let version = text.version(after: "Windows Phone OS ") ?? text.version(after: "Windows Phone ")
            return Named(name: "Windows Phone", version: version)
        }
        if text.has("Windows") {
            return Named(name: "Windows", version: text.version(after: "Windows NT ").flatMap { windows[$0] })
        }
        if text.has("iPhone") || text.has("iPad") || text.has("iPod") {
            return Named(name: "iOS", version: text.version(after: " OS "))
        }
        if text.has("Android") { return Named(name: "Android", version: text.version(after: "Android ")) }
        if text.has("CrOS") { return Named(name: "ChromeOS") }
        if text.has("Mac OS X") || text.has("Macintosh") {
            return Named(name: "macOS", version: text.version(after: "Mac OS X "))
        }
        if text.has("Linux") || text.has("X11") { return Named(name: "Linux") }
        return nil
    }

    // MARK: The browser

    /// By the first mark that stands in the text; the version follows it.
    private static let browsers: [(mark: String, name: String)] = [
        ("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("Edge/", "Edge"), ("OPR/", "Opera"),
        ("OPiOS/", "Opera"), ("Opera Mini/", "Opera"), ("SamsungBrowser/", "Samsung Internet"),
        ("YaBrowser/", "Yandex"), ("Vivaldi/", "Vivaldi"), ("UCBrowser/", "UC Browser"), ("Silk/", "Silk"),
        ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("HeadlessChrome/", "Chrome"),
        ("Chromium/", "Chrome"), ("Chrome/", "Chrome"), ("MSIE ", "Internet Explorer"),
    ]

    private static func browser(_ text: Bytes) -> Named? {
        if text.starts(with: "Opera/") {
            return Named(name: "Opera", version: text.version(after: "Version/") ?? text.version(after: "Opera/"))
        }
        for (mark, name) in browsers where text.has(mark) {
            return Named(name: name, version: text.version(after: mark))
        }
        if text.has("Trident/") { return Named(name: "Internet Explorer", version: text.version(after: "rv:")) }
        guard text.has("Safari/") else { return nil }
        // Before version 4.3 Android's own browser went by Safari's name.
        if text.has("Android") { return Named(name: "Android Browser", version: text.version(after: "Version/")) }
        return Named(name: "Safari", version: text.version(after: "Version/"))
    }

    // MARK: The device

    private static let screens = ["SmartTV", "SMART-TV", "Smart-TV", "AppleTV", "GoogleTV", "HbbTV", "CrKey", "BRAVIA"]

    private static func device(_ text: Bytes, _ system: String?) -> Device? {
        if screens.contains(where: text.has) { return .tv }
        if text.has("iPad") || text.has("Tablet") || text.has("Kindle") { return .tablet }
        // Android tablets leave "Mobile" out.
        if system == "Android" { return text.has("Mobile") ? .mobile : .tablet }
        if text.has("Mobi") || text.has("iPhone") || text.has("iPod") || system == "Windows Phone" { return .mobile }
        return ["Windows", "macOS", "Linux", "ChromeOS"].contains(system) ? .desktop : nil
    }
}

extension UserAgent {
    /// A header as bytes: comparing strings by characters takes ten times as long.
    struct Bytes {
        private let bytes: [UInt8]

        init(_ text: String) { bytes = Array(text.utf8.prefix(BotRules.longestAgent)) }

        func has(_ mark: String) -> Bool { end(of: mark) != nil }

        func starts(with mark: String) -> Bool { bytes.starts(with: mark.utf8) }

        /// `10_9_1` and `10.9.1` behind a mark as `10.9.1`; nil where no digit follows.
        func version(after mark: String) -> String? {
            guard let end = end(of: mark) else { return nil }
            let run = bytes[end...].prefix {
                (48...57).contains($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            }
            let parts = String(decoding: run.prefix(24), as: UTF8.self).split { $0 == "." || $0 == "_" }
            return parts.isEmpty ? nil : parts.joined(separator: ".")
        }

        private func end(of mark: String) -> Int? {
            ByteSearch.first(Array(mark.utf8), in: bytes).map { $0 + mark.utf8.count }
        }
    }
}

/// Looks for bytes in bytes.
enum ByteSearch {
    /// Where `needle` first stands in `text`; nil where it does not.
    static func first(_ needle: [UInt8], in text: [UInt8]) -> Int? {
        guard let head = needle.first, needle.count <= text.count else { return nil }
        return text.withUnsafeBufferPointer { text in
            needle.withUnsafeBufferPointer { needle in
                for start in 0...text.count - needle.count where text[start] == head {
                    var length = 1
                    while length < needle.count, text[start + length] == needle[length] { length += 1 }
                    if length == needle.count { return start }
                }
                return nil
            }
        }
    }
}
