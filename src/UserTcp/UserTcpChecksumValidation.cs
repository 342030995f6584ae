namespace UserTcp;

/// <summary>Which received checksums are looked at.</summary>
public enum UserTcpChecksumValidation
{
    /// <summary>
    /// All but those the link vouches for. On links where a sender of the same machine may leave the sum to hardware
    /// that does not exist (veth and TAP under pcap), the sum of the pseudo-header alone is accepted too, but only in
    /// flows in which the sender has finished none; others are dropped as
    /// <see cref="Diagnostics.PacketDropReason.UnfinishedChecksum"/>.
    /// </summary>
    Auto,

    /// <summary>All that the link does not vouch for, and a partial sum is wrong.</summary>
    Always,

    /// <summary>None. For experiments: corrupt bytes reach the application.</summary>
    Never,
}
