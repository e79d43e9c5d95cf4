import CPlaces
import Networks

/// Where internet addresses are, by a file in MaxMind's format: `GeoLite2-City.mmdb` and its like.
public final class PlaceDatabase: @unchecked Sendable {
    // "This library is thread safe when compiled and linked with a thread-safe malloc and free implementation"
    // (libmaxminddb(3)); nothing is changed between opening and closing.
    private let file: OpaquePointer

    struct Place: Sendable, Hashable {
        /// ISO 3166-1 in two letters.
        var country: String?
        /// In English, as the names of cities are.
        var region: String?
        var city: String?
        /// Of the IANA database.
        var timeZone: String?
    }

    /// - Returns: nil where there is no such file, or it is of another format.
    public init?(path: String) {
        guard let file = loods_places_open(path) else { return nil }
        self.file = file
    }

    deinit { loods_places_close(file) }

    func place(of address: NetworkAddress) -> Place? {
        var found = loods_place()
        let bytes = [address.high, address.low].flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) }
        guard loods_places_find(file, bytes, &found) != 0 else { return nil }
        let place = Place(
            country: Self.text(found.country), region: Self.text(found.region), city: Self.text(found.city),
            timeZone: Self.text(found.time_zone))
        return place == Place() ? nil : place
    }

    private static func text(_ text: loods_places_text) -> String? {
        guard let start = text.start else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: text.length)
        return String(validating: bytes, as: UTF8.self)
    }
}
