using UserTcp.Primitives;

namespace UserTcp.Fuzz.Wire;

/// <summary>
/// The text of both directions: an octet follows from its sequence number alone. So whatever is cut, repeated,
/// mutated or overlapped says the same at the same place, and each octet that arrives anywhere can be judged by
/// itself.
/// </summary>
internal static class Octets
{
    // A prime below 64 KiB: shifts by a power of two show.
    private const int Period = 65_521;

    private static readonly byte[] s_ours = Make(0x9e37_79b1);
    private static readonly byte[] s_peers = Make(0x85eb_ca77);

    public static void FillOurs(SeqNumber seq, Span<byte> bytes) => Fill(s_ours, seq, bytes);

    public static void FillPeers(SeqNumber seq, Span<byte> bytes) => Fill(s_peers, seq, bytes);

    public static bool AreOurs(SeqNumber seq, ReadOnlySpan<byte> bytes) => Match(s_ours, seq, bytes);

    public static bool ArePeers(SeqNumber seq, ReadOnlySpan<byte> bytes) => Match(s_peers, seq, bytes);

    private static byte[] Make(uint factor)
    {
        byte[] table = new byte[2 * Period];
        for (int i = 0; i < table.Length; i++)
        {
            uint x = (uint)(i % Period + 1) * factor;
            table[i] = (byte)((x ^ x >> 15) >> 8);
        }

        return table;
    }

    private static void Fill(byte[] table, SeqNumber seq, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> run = RunAt(table, seq, bytes.Length);
            run.CopyTo(bytes);
            bytes = bytes[run.Length..];
            seq += run.Length;
        }
    }

    private static bool Match(byte[] table, SeqNumber seq, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> run = RunAt(table, seq, bytes.Length);
            if (!run.SequenceEqual(bytes[..run.Length]))
                return false;

            bytes = bytes[run.Length..];
            seq += run.Length;
        }

        return true;
    }

    // The table holds the period twice; sequence numbers begin anew after 2^32 - 1.
    private static ReadOnlySpan<byte> RunAt(byte[] table, SeqNumber seq, int length)
    {
        int at = (int)(seq.Value % Period);
        long untilWrap = (1L << 32) - seq.Value;
        return table.AsSpan(at, (int)Math.Min(Math.Min(length, Period), untilWrap));
    }
}
