import CIDN

/// Domain names in other letters than ASCII's (RFC 5890), as DNS and mail servers take them: `bücher.example` is
/// `xn--bcher-kva.example`. By UTS #46, non-transitional.
enum InternationalDomain {
    /// Nil where there is no such name. What DNS does not take of ASCII is refused here: libidn2 leaves it out.
    static func ascii(_ name: String) -> String? {
        var output: UnsafeMutablePointer<CChar>?
        let isPlain = name.utf8.allSatisfy { $0 >= 0x80 || ASCII.isAlphanumeric($0) || "-.".utf8.contains($0) }
        guard isPlain, idn2_to_ascii_8z(name, &output, loods_idn_flags) == IDN2_OK.rawValue, let output
        else { return nil }
        defer { idn2_free(output) }
        return String(cString: output)
    }
}
