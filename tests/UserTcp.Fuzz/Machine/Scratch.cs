namespace UserTcp.Fuzz.Machine;

/// <summary>
/// Large arrays that one execution after the other uses: clearing them would cost more than all the rest.
/// </summary>
internal static class Scratch
{
    public static byte[] Rent(ref byte[]? kept, int bytes) => kept ??= new byte[bytes];
}
