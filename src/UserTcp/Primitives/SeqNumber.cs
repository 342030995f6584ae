namespace UserTcp.Primitives;

/// <summary>
/// A sequence number: a point on a circle of 2^32 (RFC 9293 §3.4, MUST-1). Comparison is circular and therefore not
/// transitive, so the type has operators and no <see cref="IComparable{T}"/>: nobody can sort it by accident.
/// </summary>
internal readonly record struct SeqNumber(uint Value)
{
    public static SeqNumber operator +(SeqNumber s, int n) => new(unchecked(s.Value + (uint)n));

    public static SeqNumber operator +(SeqNumber s, uint n) => new(unchecked(s.Value + n));

    public static SeqNumber operator -(SeqNumber s, int n) => new(unchecked(s.Value - (uint)n));

    /// <summary>The signed distance from <paramref name="b"/> to <paramref name="a"/>, in [−2^31, 2^31).</summary>
    public static int operator -(SeqNumber a, SeqNumber b) => unchecked((int)(a.Value - b.Value));

    public static bool operator <(SeqNumber a, SeqNumber b) => a - b < 0;

    public static bool operator >(SeqNumber a, SeqNumber b) => a - b > 0;

    public static bool operator <=(SeqNumber a, SeqNumber b) => a - b <= 0;

    public static bool operator >=(SeqNumber a, SeqNumber b) => a - b >= 0;

    /// <summary>Whether this lies in [start, start + length).</summary>
    public bool IsIn(SeqNumber start, uint length) => unchecked(Value - start.Value) < length;

    public static SeqNumber Max(SeqNumber a, SeqNumber b) => a > b ? a : b;

    public static SeqNumber Min(SeqNumber a, SeqNumber b) => a < b ? a : b;

    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
