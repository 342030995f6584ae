using System.Runtime.InteropServices;
using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>
/// Sends frames from where they lie, several by one system call. One thread at a time.
/// </summary>
internal sealed unsafe class PacketOutbox : IDisposable
{
    public const int MostFrames = 64;
    private MultiMessage* _messages;
    private MessagePiece* _pieces;

    public PacketOutbox()
    {
        _messages = (MultiMessage*)NativeMemory.AllocZeroed(MostFrames, (nuint)sizeof(MultiMessage));
        _pieces = (MessagePiece*)NativeMemory.AllocZeroed(MostFrames * FramePieces.Most, (nuint)sizeof(MessagePiece));
        for (int i = 0; i < MostFrames; i++)
            _messages[i].Header.Pieces = &_pieces[i * FramePieces.Most];
    }

    ~PacketOutbox() => Free();

    /// <summary>Sends frames, in order, at most <see cref="MostFrames"/>.</summary>
    /// <returns>How many were sent; negative for an error, which is the last of the platform's.</returns>
    public int Send(int socket, ReadOnlySpan<TxFrame> frames)
    {
        int count = Math.Min(frames.Length, MostFrames);
        for (int i = 0; i < count; i++)
            _messages[i].Header.PieceCount = (nuint)FramePieces.Describe(frames[i], _messages[i].Header.Pieces);
        if (count > 1)
            return LibcNative.SendMessages(socket, _messages, (uint)count, LibcNative.DoNotWait);

        return LibcNative.SendMessage(socket, &_messages->Header, LibcNative.DoNotWait) < 0 ? -1 : 1;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.Free(_messages);
        NativeMemory.Free(_pieces);
        _messages = null;
        _pieces = null;
    }
}
