using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using UserTcp.Primitives;
using UserTcp.Tcp;
using UserTcp.Wire;

namespace UserTcp.Tests.Support;

/// <summary>
/// Segments in the notation of RFC 9293 §3.4: &lt;SEQ=100&gt;&lt;ACK=300&gt;&lt;CTL=SYN,ACK&gt;, with WND, LEN, UP, and
/// the options MSS, WS, SACKOK, TS=val/ecr, SACK=left-right,left-right. GSO=n is the size a super-segment is cut at,
/// ECN=Ect0 the field of the IP header.
/// </summary>
internal sealed partial class SegmentText
{
    private static readonly string[] s_known =
        ["SEQ", "ACK", "CTL", "WND", "LEN", "UP", "MSS", "WS", "SACKOK", "TS", "SACK", "GSO", "RETX", "ECN"];

    private readonly Dictionary<string, string> _fields = [];

    public static SegmentText Parse(string text)
    {
        var result = new SegmentText();
        string rest = FieldPattern().Replace(text, match =>
        {
            string name = match.Groups["name"].Value;
            Assert.Contains(name, s_known);
            Assert.True(result._fields.TryAdd(name, match.Groups["value"].Value), $"{name} twice in {text}");
            return "";
        });
        Assert.True(string.IsNullOrWhiteSpace(rest), $"'{rest}' in {text} is no field");
        return result;
    }

    public bool Has(string name) => _fields.ContainsKey(name);

    public uint Number(string name, uint otherwise = 0) =>
        _fields.TryGetValue(name, out string? value) ? uint.Parse(value, CultureInfo.InvariantCulture) : otherwise;

    public TcpFlags Flags()
    {
        TcpFlags flags = TcpFlags.None;
        foreach (string name in _fields.GetValueOrDefault("CTL", "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            flags |= Enum.Parse<TcpFlags>(name, ignoreCase: true);
        }

        return flags;
    }

    public EcnCodepoint Ecn() =>
        Enum.Parse<EcnCodepoint>(_fields.GetValueOrDefault("ECN", nameof(EcnCodepoint.NotEct)));

    public TcpOptions Options()
    {
        var options = new TcpOptions
        {
            HasMss = Has("MSS"),
            Mss = (ushort)Number("MSS"),
            HasWindowScale = Has("WS"),
            WindowScale = new WindowScale((int)Number("WS")),
            SackPermitted = Has("SACKOK"),
            HasTimestamps = Has("TS"),
        };
        if (Has("TS"))
            (options.TsVal, options.TsEcr) = Pair(_fields["TS"], '/');
        if (Has("SACK"))
        {
            foreach (string part in _fields["SACK"].Split(','))
            {
                (uint left, uint right) = Pair(part, '-');
                Assert.True(SackBlock.TryCreate(new SeqNumber(left), new SeqNumber(right), out SackBlock block), part);
                options.Sack[options.SackCount++] = block;
            }
        }

        return options;
    }

    /// <summary>
    /// A plan in the same notation, with the fields that <paramref name="like"/> names, and CTL, LEN always.
    /// </summary>
    public static string Render(in SegmentPlan plan, SegmentText like)
    {
        var text = new StringBuilder();
        void Add(string name, object value, bool always = false)
        {
            if (always || like.Has(name))
                text.Append('<').Append(name).Append('=').Append(value).Append('>');
        }

        Add("SEQ", plan.Seq);
        Add("ACK", plan.Ack);
        Add("CTL", string.Join(',', Names(plan.Flags)), always: true);
        Add("WND", plan.Window.Value);
        Add("LEN", plan.PayloadLength, always: true);
        Add("UP", plan.UrgentPointer);
        Add("MSS", plan.Options.HasMss ? plan.Options.Mss : "none");
        Add("WS", plan.Options.HasWindowScale ? plan.Options.WindowScale.Shift : "none");
        Add("SACKOK", plan.Options.SackPermitted ? 1 : 0);
        Add("TS", plan.Options.HasTimestamps ? $"{plan.Options.TsVal}/{plan.Options.TsEcr}" : "none");
        Add("SACK", Blocks(plan.Options));
        Add("GSO", plan.SegmentSize);
        Add("RETX", plan.IsRetransmission ? 1 : 0);
        Add("ECN", plan.Ecn);
        return text.ToString();
    }

    /// <summary>The expectation in the order and completeness of <see cref="Render"/>.</summary>
    public string Normalized()
    {
        var text = new StringBuilder();
        foreach (string name in s_known)
        {
            string? value = name switch
            {
                "CTL" => string.Join(',', Names(Flags())),
                "LEN" => Number("LEN").ToString(CultureInfo.InvariantCulture),
                _ => _fields.GetValueOrDefault(name),
            };
            if (value is not null)
                text.Append('<').Append(name).Append('=').Append(value).Append('>');
        }

        return text.ToString();
    }

    private static IEnumerable<string> Names(TcpFlags flags) =>
        Enum.GetValues<TcpFlags>().Where(f =>
            f != TcpFlags.None && (flags & f) != 0).Select(f => f.ToString().ToUpperInvariant());

    private static string Blocks(in TcpOptions options)
    {
        var parts = new List<string>();
        for (int i = 0; i < options.SackCount; i++)
        {
            parts.Add($"{options.Sack[i].Left}-{options.Sack[i].Right}");
        }

        return parts.Count == 0 ? "none" : string.Join(',', parts);
    }

    private static (uint First, uint Second) Pair(string text, char separator)
    {
        string[] parts = text.Split(separator);
        return (uint.Parse(parts[0], CultureInfo.InvariantCulture), uint.Parse(parts[1], CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("<(?<name>[A-Z]+)(=(?<value>[^>]*))?>")]
    private static partial Regex FieldPattern();
}
