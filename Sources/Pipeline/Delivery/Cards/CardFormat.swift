import Model

/// A6 upright with bleed, in millimetres: the page is cut to its trim.
enum CardFormat {
    static let trim = (width: 105, height: 148)
    static let bleed = 3
    static let page = (width: trim.width + 2 * bleed, height: trim.height + 2 * bleed)

    /// As a provider is told.
    static let told = JSON.object([
        "name": .string("A6"), "trim_mm": .array([.int(Int64(trim.width)), .int(Int64(trim.height))]),
        "bleed_mm": .int(Int64(bleed)), "page_mm": .array([.int(Int64(page.width)), .int(Int64(page.height))]),
        "pages": .array([.string("front"), .string("back")]),
    ])

    /// The page of two sides. Its policy lets nothing run and nothing be fetched, wherever it points: neither from a network
    /// nor from the machine.
    static func document(front: String, back: String) -> String {
        """
        <!DOCTYPE html>
        <html><head><meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">
        <style>
        @page { size: \(page.width)mm \(page.height)mm; margin: 0 }
        html, body { margin: 0; padding: 0 }
        .loods-side { position: relative; box-sizing: border-box; width: \(page.width)mm; height: \(page.height)mm;
          overflow: hidden; break-inside: avoid; -webkit-print-color-adjust: exact; print-color-adjust: exact }
        .loods-side + .loods-side { break-before: page }
        </style></head>
        <body><section class="loods-side">\(front)</section><section class="loods-side">\(back)</section></body></html>
        """
    }
}
