using System.Buffers.Binary;
using UserTcp.Primitives;

namespace UserTcp.Wire;

/// <summary>
/// The options as bytes: end of list, no-operation and MSS, which everybody has (RFC 9293 §3.1, MUST-4, MUST-14), and
/// four more. Kinds and lengths: RFC 9293 §3.2, RFC 7323 §2.2 and §3.2, RFC 2018 §2 and §3.
/// </summary>
internal partial struct TcpOptions
{
    private const byte EndOfList = 0;
    private const byte NoOperation = 1;
    private const byte MssKind = 2;
    private const byte WindowScaleKind = 3;
    private const byte SackPermittedKind = 4;
    private const byte SackKind = 5;
    private const byte TimestampsKind = 8;

    private const int MssLength = 4;
    private const int WindowScaleLength = 3;
    private const int SackPermittedLength = 2;
    private const int TimestampsLength = 10;
    private const int SackBlockLength = 8;

    /// <summary>
    /// NOP, NOP, and the first half of timestamps: how nearly every stack lays them out (RFC 7323 appendix A).
    /// </summary>
    private const uint AlignedTimestamps = 0x0101_080a;

    /// <summary>The bytes that <see cref="Write"/> takes: a multiple of four, at most <see cref="MaxBytes"/>.</summary>
    public readonly int EncodedLength
    {
        get
        {
            int length = LengthWithoutSack;
            int blocks = WritableSackBlocks(length);
            return blocks == 0 ? length : length + 4 + blocks * SackBlockLength;
        }
    }

    // SACK-permitted takes the place of the two NOPs before timestamps; alone it takes a word.
    private readonly int LengthWithoutSack =>
        (HasMss ? 4 : 0) + (HasWindowScale ? 4 : 0) + (HasTimestamps ? 12 : SackPermitted ? 4 : 0);

    /// <summary>
    /// Decodes an option list of any length and alignment (RFC 9293 §3.2, MUST-64). Of a repeated option the first
    /// counts: nothing behind it changes what was decoded. An option that is not known, or whose length is not the one
    /// its kind has, is stepped over (RFC 9293 §3.1, MUST-6).
    /// </summary>
    /// <returns>
    /// False if the list breaks off: a length below two or beyond the end (RFC 9293 §3.1, MUST-7). What came before the
    /// break is decoded.
    /// </returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TcpOptions options)
    {
        options = default;
        if (bytes.Length == TimestampsLength + 2 && BinaryPrimitives.ReadUInt32BigEndian(bytes) == AlignedTimestamps)
        {
            options.TakeTimestamps(bytes[4..]);
            return true;
        }

        while (!bytes.IsEmpty && bytes[0] != EndOfList)
        {
            if (bytes[0] == NoOperation)
            {
                bytes = bytes[1..];
                continue;
            }

            if (bytes.Length < 2 || bytes[1] < 2 || bytes[1] > bytes.Length)
                return false;

            options.Take(bytes[0], bytes[2..bytes[1]]);
            bytes = bytes[bytes[1]..];
        }

        return true;
    }

    /// <summary>
    /// Writes the options that are present, each with its length (RFC 9293 §3.1, MUST-68), in the customary order, and
    /// fills the last word with zeros (MUST-69). SACK blocks that do not fit are left out, the last ones first. The MSS
    /// option belongs on SYN segments only (RFC 9293 §3.2, MUST-65): it is written where the caller has set it.
    /// </summary>
    /// <returns><see cref="EncodedLength"/>.</returns>
    public readonly int Write(Span<byte> destination)
    {
        int length = 0;
        if (HasMss)
        {
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)(MssKind << 24 | MssLength << 16 | Mss));
            length = MssLength;
        }

        if (HasTimestamps)
            length += WriteTimestamps(destination[length..]);

        if (HasWindowScale)
        {
            uint word = NoOperation << 24 | WindowScaleKind << 16 | WindowScaleLength << 8 | (uint)WindowScale.Shift;
            BinaryPrimitives.WriteUInt32BigEndian(destination[length..], word);
            length += sizeof(uint);
        }

        if (SackPermitted && !HasTimestamps)
        {
            // Two octets of option, two of padding: zeros, whether this is the last option or not would be an end of
            // list.
            BinaryPrimitives.WriteUInt32BigEndian(
                destination[length..], (uint)(SackPermittedKind << 24 | SackPermittedLength << 16) | SackPadding);
            length += sizeof(uint);
        }

        return length + WriteSack(destination[length..], WritableSackBlocks(length));
    }

    /// <summary>
    /// NOPs where SACK blocks follow (which no segment of ours has beside SACK-permitted), else zeros.
    /// </summary>
    private readonly uint SackPadding => SackCount > 0 ? NoOperation << 8 | NoOperation : 0u;

    private void Take(byte kind, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case MssKind when body.Length == MssLength - 2 && !HasMss:
                HasMss = true;
                Mss = BinaryPrimitives.ReadUInt16BigEndian(body);
                break;
            case WindowScaleKind when body.Length == WindowScaleLength - 2 && !HasWindowScale:
                HasWindowScale = true;
                WindowScale = new WindowScale(body[0]);
                break;
            case SackPermittedKind when body.IsEmpty:
                SackPermitted = true;
                break;
            case TimestampsKind when body.Length == TimestampsLength - 2 && !HasTimestamps:
                TakeTimestamps(body);
                break;
            case SackKind when body.Length % SackBlockLength == 0 && SackCount == 0:
                TakeSack(body);
                break;
        }
    }

    private void TakeTimestamps(ReadOnlySpan<byte> body)
    {
        HasTimestamps = true;
        TsVal = BinaryPrimitives.ReadUInt32BigEndian(body);
        TsEcr = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
    }

    // Inverted and empty blocks are nothing and are left out. Blocks below SEG.ACK are D-SACK (RFC 2883 §4): kept.
    private void TakeSack(ReadOnlySpan<byte> body)
    {
        for (; body.Length >= SackBlockLength && SackCount < SackBlocks.MaxBlocks; body = body[SackBlockLength..])
        {
            var left = new SeqNumber(BinaryPrimitives.ReadUInt32BigEndian(body));
            var right = new SeqNumber(BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
            if (SackBlock.TryCreate(left, right, out SackBlock block))
                Sack[SackCount++] = block;
        }
    }

    private readonly int WriteTimestamps(Span<byte> destination)
    {
        uint word = SackPermitted
            ? SackPermittedKind << 24 | SackPermittedLength << 16 | TimestampsKind << 8 | TimestampsLength
            : AlignedTimestamps;
        BinaryPrimitives.WriteUInt32BigEndian(destination, word);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], TsVal);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], TsEcr);
        return TimestampsLength + 2;
    }

    private readonly int WriteSack(Span<byte> destination, int blocks)
    {
        if (blocks == 0)
            return 0;

        uint word = NoOperation << 24 | NoOperation << 16 | SackKind << 8 | (uint)(2 + blocks * SackBlockLength);
        BinaryPrimitives.WriteUInt32BigEndian(destination, word);
        for (int i = 0; i < blocks; i++)
        {
            Span<byte> at = destination[(4 + i * SackBlockLength)..];
            BinaryPrimitives.WriteUInt32BigEndian(at, Sack[i].Left.Value);
            BinaryPrimitives.WriteUInt32BigEndian(at[4..], Sack[i].Right.Value);
        }

        return 4 + blocks * SackBlockLength;
    }

    private readonly int WritableSackBlocks(int lengthBefore) =>
        Math.Min(SackCount, (MaxBytes - lengthBefore - 4) / SackBlockLength);
}
