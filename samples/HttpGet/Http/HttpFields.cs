namespace HttpGet.Http;

/// <summary>Header or trailer fields in the order in which they came.</summary>
internal sealed class HttpFields
{
    private readonly List<KeyValuePair<string, string>> _fields = [];

    /// <summary>All fields.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All => _fields;

    /// <summary>The first field of that name, in whatever case; null if there is none.</summary>
    public string? this[string name]
    {
        get
        {
            foreach ((string key, string value) in _fields)
            {
                if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
                    return value;
            }

            return null;
        }
    }

    /// <summary>The elements of a comma-separated list, over all fields of that name (RFC 9110 §5.3).</summary>
    public IEnumerable<string> List(string name) => _fields
        .Where(field => field.Key.Equals(name, StringComparison.OrdinalIgnoreCase))
        .SelectMany(field => field.Value.Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));

    public void Add(string name, string value) => _fields.Add(new(name, value));

    /// <summary>Appends a folded line to the last field (RFC 9112 §5.2: a fold reads as a space).</summary>
    public void Fold(string more)
    {
        (string name, string value) = _fields[^1];
        _fields[^1] = new(name, $"{value} {more}".Trim());
    }
}
