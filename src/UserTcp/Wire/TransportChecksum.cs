using System.Buffers.Binary;

namespace UserTcp.Wire;

/// <summary>How the checksum of a received transport packet stands.</summary>
internal enum ChecksumFinding : byte
{
    /// <summary>
    /// It says nothing of its sender: nobody looked, or it is right whether or not the sender finished it.
    /// </summary>
    None,

    /// <summary>The sender finished it, and it is right.</summary>
    Finished,

    /// <summary>
    /// The field holds the sum of the pseudo-header. Either the sender left the checksum to hardware, or a changed
    /// packet had a checksum that happens to be this number: one packet of 65,536 has.
    /// </summary>
    Unfinished,

    /// <summary>It is wrong.</summary>
    Wrong,
}

/// <summary>Where the checksum of a packet was written.</summary>
internal enum ChecksumWriter : byte
{
    /// <summary>A socket. Its packets leave one way: all of them are finished, or none is.</summary>
    Socket,

    /// <summary>
    /// Perhaps no socket: a kernel finishes the resets and bare ACKs that it sends without one, on every interface.
    /// </summary>
    Reply,

    /// <summary>
    /// An offload of this machine: the packet is longer than the MTU, so it was never cut, or was merged (GRO), which
    /// verifies each piece and leaves the sum of the whole unfinished.
    /// </summary>
    Offload,
}

/// <summary>The history of one sender's checksums. The same for every transport.</summary>
/// <remarks>
/// A sender is one direction of a flow, and not an address: behind an address translator one address has senders that
/// finish their checksums, and others on this machine that do not. So the history lies in the flow's own entry: it
/// needs no table, and no sender can push out or taint the history of another.
/// </remarks>
/// <param name="Bits">The writers that have finished a checksum.</param>
internal readonly record struct ChecksumHistory(byte Bits)
{
    private const byte SocketFinishes = 1;
    private const byte OffloadFinishes = 2;

    /// <summary>The history that begins with a SYN, or with the answer to a SYN cookie; both are a socket's.</summary>
    public static ChecksumHistory From(ChecksumFinding first) =>
        first == ChecksumFinding.Finished ? default(ChecksumHistory).WithFinished(ChecksumWriter.Socket) : default;

    /// <summary>Whether an unfinished checksum may be one: never where the sender has finished another.</summary>
    public bool Allows(ChecksumWriter writer) =>
        (Bits & (writer == ChecksumWriter.Offload ? OffloadFinishes : SocketFinishes)) == 0;

    /// <summary>The history with one more finished checksum, of a packet that the flow has accepted.</summary>
    public ChecksumHistory WithFinished(ChecksumWriter writer) => writer switch
    {
        ChecksumWriter.Socket => new ChecksumHistory((byte)(Bits | SocketFinishes)),
        ChecksumWriter.Offload => new ChecksumHistory((byte)(Bits | OffloadFinishes)),
        _ => this,
    };
}

/// <summary>Examines the checksum of TCP and of its kin, whose sums begin with a pseudo-header.</summary>
internal static class TransportChecksum
{
    /// <summary>Tells a finished checksum from an unfinished one and from a wrong one.</summary>
    /// <param name="packet">The transport packet, header first.</param>
    /// <param name="pseudo">The sum of its pseudo-header (<see cref="InternetChecksum.PseudoHeader"/>).</param>
    /// <param name="fieldOffset">Where the checksum lies, in bytes.</param>
    public static ChecksumFinding Examine(ReadOnlySpan<byte> packet, ulong pseudo, int fieldOffset)
    {
        bool isValid = InternetChecksum.IsValid(InternetChecksum.Sum(packet, pseudo));
        bool isPseudo = packet.Length >= fieldOffset + sizeof(ushort)
            && BinaryPrimitives.ReadUInt16BigEndian(packet[fieldOffset..]) == InternetChecksum.Fold(pseudo);
        if (isValid)
            return isPseudo ? ChecksumFinding.None : ChecksumFinding.Finished;

        return isPseudo ? ChecksumFinding.Unfinished : ChecksumFinding.Wrong;
    }
}
