import Model

/// A template with what fills it in.
struct Sample {
    var name: String
    var source: String
    var values: [String: JSON]

    static let all = [letter, receipt, long]

    private static let contact: JSON = .object([
        "first_name": .string("Anne"), "email": .string("anne@mail.example"), "plan": .string("pro"),
        "company": .object(["name": .string("Tea & Sons")]), "vip": .bool(true),
    ])
    private static let around: [String: JSON] = [
        "contact": contact, "links": .object(["unsubscribe": .string("https://shop.example/u/1.k1.abc.def")]),
        "workspace": .object(["address": .string("Kade 1, 1011 AB Amsterdam")]),
    ]

    /// A page with a handful of fields.
    private static let letter = Sample(
        name: "letter",
        source: """
            <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>News</title></head>
            <body style="margin:0;padding:24px 12px;background:#f3f1ec;color:#23302b">
            <h1>Hello {{#contact.first_name}}{{contact.first_name}}{{/contact.first_name}}{{^contact.first_name}}there{{/contact.first_name}}</h1>
            {{#contact.vip}}<p>Thank you for being with {{contact.company.name}}.</p>{{/contact.vip}}
            <p><a href="https://shop.example/orders" style="padding:12px 20px">See your order</a></p>
            <p>{{workspace.address}}<br><a href="{{links.unsubscribe}}">No more of these mails</a></p>
            </body></html>

            """, values: around)

    /// A table of twenty lines.
    private static let receipt = Sample(
        name: "receipt",
        source: """
            <table>{{#event.lines}}
            <tr><td>{{name}}</td><td>{{count}}</td><td>{{price}}</td><td>{{#is_new}}new{{/is_new}}</td></tr>
            {{/event.lines}}</table><p>{{contact.first_name}}, {{workspace.address}}</p>

            """,
        values: around.merging([
            "event": .object([
                "lines": .array(
                    (0..<20).map { place in
                        .object([
                            "name": .string("Tea no. \(place) <green> & fresh"), "count": .int(Int64(place)),
                            "price": .string("€ \(place),50"), "is_new": .bool(place % 2 == 0),
                        ])
                    })
            ])
        ]) { $1 })

    /// 20 KB, as newsletters are.
    private static let long = Sample(
        name: "newsletter",
        source: (0..<60).map { place in
            "<div style=\"padding:16px;background:#ffffff\"><h2>Item \(place) for {{contact.first_name}}</h2>"
                + "<p>"
                + String(repeating: "Words of an item that somebody wrote. ", count: 7)
                + "</p><a href=\"https://shop.example/items/\(place)?for={{contact.plan}}\">Read it</a></div>\n"
        }.joined(), values: around)
}
